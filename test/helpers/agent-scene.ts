import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import type { Tunnel } from '../../src/cli/connect/tunnel.js';
import { AgentProcess, type AgentProcessOptions } from './agent-process.js';
import { PlantTarget } from './plant.js';

/** An agent as a process of its own, until the end of the test. */
export async function startAgent(t: TestContext, options?: AgentProcessOptions): Promise<AgentProcess> {
  const agent = await AgentProcess.start(options);
  t.after(() => agent.stop());
  return agent;
}

/** A target, until the end of the test. */
export async function startTarget(
  t: TestContext,
  ...args: Parameters<typeof PlantTarget.listen>
): Promise<PlantTarget> {
  const target = await PlantTarget.listen(...args);
  t.after(() => target.close());
  return target;
}

/** Writes a word and waits until the echo brings it back. */
export async function echoes(tunnel: Tunnel, word: string): Promise<void> {
  tunnel.write(word);
  const [answer] = (await once(tunnel, 'data')) as [Buffer];
  assert.equal(answer.toString(), word);
}
