import { createHash, randomBytes } from 'node:crypto';
import type { ProcessIo } from '../process-io.js';
import { DENIED, type Plant } from './plant.js';

/** Sessions of the proof, and what each moves both ways, in bytes: 64 MiB each way in all. */
const SESSIONS = 8;
const BYTES_PER_SESSION = 8 * 1_048_576;

/** Written at a time, so that the streams interleave. */
const CHUNK_BYTES = 65_536;

/** What may be written ahead of what came back, in bytes; the echo cannot deadlock then. */
const MAX_AHEAD_BYTES = 1_048_576;

/** Longest wait for the refusal of the denied target, in ms. */
const REFUSAL_MS = 10_000;

/** Runs sessions end to end and compares every byte. Gives true when all is as it should be. */
export async function prove(plant: Plant, echoed: ReadonlySet<string>, io: ProcessIo): Promise<boolean> {
  const startedAtMs = Date.now();
  const results = await Promise.all(Array.from({ length: SESSIONS }, () => echoSession(plant)));
  await seenBy(
    echoed,
    results.map(({ sent }) => sent),
  );
  let isGood = true;
  for (const [index, { sent, received }] of results.entries()) {
    const isEqual = sent === received && echoed.has(sent);
    isGood &&= isEqual;
    const digest = `sha256 ${sent.slice(0, 16)}…`;
    io.stdout.write(
      `  session ${index + 1}: 8 MiB up, 8 MiB down, ${digest} ${isEqual ? 'equal on both ends' : 'DIFFERS'}\n`,
    );
  }
  const seconds = (Date.now() - startedAtMs) / 1000;
  io.stdout.write(`${SESSIONS} sessions moved 64 MiB each way in ${seconds.toFixed(1)} s.\n`);
  const refusal = await refusedSession(plant);
  io.stdout.write(`Denied, as no conduit names it: ${refusal ?? 'NO REFUSAL CAME'}\n`);
  return isGood && refusal?.startsWith('policy-denied: ') === true;
}

/** One tunnel to the echo target: random bytes out, and what comes back. */
async function echoSession({
  operator,
  deviceId,
  endpoints,
}: Plant): Promise<{ sent: string; received: string }> {
  const tunnel = await operator.openTunnel(deviceId, endpoints.get('echo') ?? '');
  const sent = createHash('sha256');
  const received = createHash('sha256');
  let sentBytes = 0;
  let receivedBytes = 0;
  const send = (): void => {
    while (sentBytes < BYTES_PER_SESSION && sentBytes - receivedBytes < MAX_AHEAD_BYTES) {
      const chunk = randomBytes(CHUNK_BYTES);
      sent.update(chunk);
      sentBytes += chunk.length;
      tunnel.write(chunk);
    }
  };
  send();
  // Leaving the loop must not destroy the tunnel: it is closed properly below.
  for await (const chunk of tunnel.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    received.update(chunk);
    receivedBytes += chunk.length;
    send();
    if (receivedBytes >= BYTES_PER_SESSION) break;
  }
  tunnel.resume();
  await tunnel.close();
  return { sent: sent.digest('hex'), received: received.digest('hex') };
}

/** The targets hash until they see the end of their connection, which comes a moment after the client's. */
async function seenBy(echoed: ReadonlySet<string>, digests: readonly string[]): Promise<void> {
  const deadlineMs = Date.now() + REFUSAL_MS;
  while (!digests.every((digest) => echoed.has(digest)) && Date.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Asks for the target that no conduit names, and gives the reason with which the agent failed the operation. */
async function refusedSession({ operator, deviceId, endpoints, cloud }: Plant): Promise<string | undefined> {
  const refused = new Promise<string | undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), REFUSAL_MS);
    cloud.platform.on('operationUpdated', ({ status, failureReason }) => {
      if (status !== 'FAILED') return;
      clearTimeout(timer);
      resolve(failureReason);
    });
  });
  const tunnel = await operator.openTunnel(deviceId, endpoints.get(DENIED) ?? '');
  tunnel.on('error', () => undefined);
  const reason = await refused;
  tunnel.destroy();
  return reason;
}
