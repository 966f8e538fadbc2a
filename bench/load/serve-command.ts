import type { ProcessIo } from '../../src/cli/process-io.js';
import { TargetServer } from './ends/target-server.js';
import type { TargetCounts } from './ends/target-session.js';
import type { ServeOptions } from './options.js';
import { bytesText, countText } from './text.js';

/** Time between two lines about what happens, in ms. */
const TELL_EVERY_MS = 10_000;

/** The target end alone, for the endpoint of a remote run, until Ctrl-C. Gives the exit code. */
export async function serve({ host, port }: ServeOptions, io: ProcessIo): Promise<number> {
  const counts: TargetCounts = { connections: 0, requests: 0, verifiedBytes: 0, faults: 0 };
  try {
    const server = await TargetServer.start({ host, port, damagedOffset: undefined }, counts);
    io.stdout.write(`The target end listens on ${host}:${server.port}. Ctrl-C ends it.\n`);
  } catch (error) {
    io.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
  let told = '';
  const telling = setInterval(() => {
    const text = countsText(counts);
    if (text !== told) io.stdout.write(`${text}\n`);
    told = text;
  }, TELL_EVERY_MS);
  await new Promise<void>((resolve) => io.onInterrupt(resolve));
  clearInterval(telling);
  io.stdout.write(`\n${countsText(counts)}\n`);
  return counts.faults === 0 ? 0 : 1;
}

function countsText({ connections, requests, verifiedBytes, faults }: TargetCounts): string {
  const verified = `${bytesText(verifiedBytes)} verified in ${countText(requests)} requests`;
  return `${countText(connections)} connections, ${verified}, ${countText(faults)} wrong`;
}
