import { readlinkSync } from 'node:fs';
import { Rig } from '../rig.js';
import { LeakError } from '../rig/leaks.js';
import { isRunRow } from '../row.js';
import { loadCatalogue } from './catalogue-module.js';
import type { RunResult } from './result.js';

/*
 * The process of one run of one row: `row-process <id> <catalogue module or ""> <network namespace of the runner>`.
 * It tells its result over the channel to the runner, and has nothing else to say.
 */
const [id = '', module = '', runnersNamespace = ''] = process.argv.slice(2);

const rig = new Rig();
const startedAt = performance.now();

function tell(outcome: RunResult['outcome'], error?: unknown): Promise<void> {
  const ms = Math.round(performance.now() - startedAt);
  const lines = error instanceof Error ? error.message : String(error);
  const failure = error === undefined ? {} : { reason: firstLines(lines), detail: stackOf(error) };
  const result: RunResult = { outcome, ms, figures: rig.figures, ...failure };
  return new Promise((resolve) => {
    if (process.send === undefined) resolve();
    else process.send(result, () => resolve());
  });
}

/** Enough of a message for one line: assertions print their values on lines of their own. */
function firstLines(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 400);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

async function attempt(): Promise<void> {
  const row = (await loadCatalogue(module === '' ? undefined : module)).find((each) => each.id === id);
  if (row === undefined || !isRunRow(row)) throw new Error(`there is no row ${id} to run`);
  if (readlinkSync('/proc/self/ns/net') !== runnersNamespace) {
    process.env.GATEHOUSE_FAULT_NETNS = readlinkSync('/proc/self/ns/net');
    rig.network.up();
  }
  await row.run(rig);
  await rig.check();
}

/** A rejection that nobody waits for is a mistake of the row, or of what it runs against. */
process.on('uncaughtException', (error) => void tell('failed', error).then(() => process.exit(1)));

try {
  await attempt();
  await tell('survived');
} catch (error) {
  await tell(error instanceof LeakError ? 'leaked' : 'failed', error);
}
await rig.stop();
process.exit(0);
