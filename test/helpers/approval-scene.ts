import { randomUUID } from 'node:crypto';
import type { Operation } from '../../simulator/store/operations.js';
import type { ApprovalView } from '../../src/admin/backend.js';
import type { AgentProcess } from './agent-process.js';
import { eventually } from './eventually.js';
import * as gen from './generations.js';

/** A conduit through which nothing passes that nobody on site has approved. */
export const ASKING = [{ name: 'hmis', host: '127.0.0.1', ports: ['*'], approval: true }];

/** The requests that wait, once there are `count` of them. */
export function waiting(agent: gen.SeenAgent, count = 1): Promise<readonly ApprovalView[]> {
  return gen.poll(async () => {
    const list = await gen.ask<ApprovalView[]>(agent, '/api/approvals');
    return list?.length === count ? list : undefined;
  }, `${count} waiting requests`);
}

/** The one request that waits. */
export async function request(agent: gen.SeenAgent): Promise<ApprovalView> {
  const [one] = await waiting(agent, 1);
  if (one === undefined) throw new Error('nobody waits');
  return one;
}

/** What the admin listener answers to a POST below /api/approvals. */
export async function post(agent: gen.SeenAgent, path: string, body: object = {}) {
  const answer = await fetch(`${agent.adminUrl}/api/approvals/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as Readonly<Record<string, string>> };
}

/** Creates an operation to `port`; `status` is what the cloud answers to its key. */
export function create(
  agent: AgentProcess,
  port: number,
  { status = 101, hostname = '127.0.0.1' } = {},
): string {
  const connectionKey = randomUUID();
  agent.cloud.remoteAccess.answers.set(connectionKey, { status });
  const fragment = { hostname, port, connectionKey };
  return agent.cloud.createOperation(agent.device.id, { c8y_RemoteAccessConnect: fragment }).id;
}

/** An operation once it has its final status. */
export function final(agent: AgentProcess, id: string): Promise<Operation> {
  return eventually(() => {
    const operation = agent.cloud.platform.operations.get(id);
    return operation.status === 'SUCCESSFUL' || operation.status === 'FAILED' ? operation : undefined;
  }, `the final status of operation ${id}`);
}
