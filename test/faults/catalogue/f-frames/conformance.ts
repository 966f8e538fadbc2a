import assert from 'node:assert/strict';
import { broken, frame, OPCODE, ping, send, type Case } from '../../../conformance/case.js';
import { baseCases } from '../../../conformance/cases/all.js';
import { Fuzzer } from '../../../conformance/fuzzer.js';
import { Arrived, playCase } from '../../../conformance/runner.js';
import type { Rig } from '../../rig.js';
import { Tunnels } from './tunnels.js';

const MEBIBYTE = 1_048_576;

/** What a process may grow by while it plays cases, in bytes: the heap's own steps, and slots for the thread. */
const MAX_GROWTH_BYTES = 64 * MEBIBYTE;

/** A row that plays the cases of the Autobahn test suite with these prefixes, one session each. */
export function playing(...prefixes: readonly string[]): (rig: Rig) => Promise<void> {
  return async (rig) => {
    const cases = baseCases().filter(({ id }) => prefixes.some((prefix) => `${id}.`.startsWith(prefix)));
    await playAll(rig, cases);
  };
}

/** Plays the cases in the agent, one session each; the agent and its worker live on. */
export async function playAll(rig: Rig, cases: readonly Case[]): Promise<void> {
  assert.ok(cases.length > 0);
  const tunnels = await Tunnels.start(rig);
  const { agent, ledger } = tunnels.stand;
  const beforeBytes = await agent.residentBytes();
  for (const one of cases) {
    const ends = await tunnels.open();
    const fuzzer = new Fuzzer(ends.cloud, ends.request);
    const stage = { fuzzer, arrived: new Arrived(ends.target), reason: () => tunnels.reason(ends) };
    await playCase(one, stage).catch((error: unknown) => {
      throw new Error(`case ${one.id} (${one.what}): ${String(error)}`, { cause: error });
    });
  }
  const grownBytes = (await agent.residentBytes()) - beforeBytes;
  rig.figure('cases', cases.length);
  rig.figure('grown MiB', grownBytes / MEBIBYTE);
  assert.ok(grownBytes < MAX_GROWTH_BYTES, `${grownBytes} bytes`);
  assert.equal((await agent.status()).totals.workerRestarts, 0);
  ledger.assertOneFinalStatusEach();
}

/** F17: RSV1 on the first frame, on a later one, and on a fragment. */
export async function compressed(rig: Rig): Promise<void> {
  const deflated = Buffer.from('f248cdc9c90700', 'hex');
  const rsv1 = frame(OPCODE.binary, deflated, { rsv: 4 });
  await playAll(rig, [
    broken(['12', 'a compressed message'], [send([rsv1, ping()])], 1002),
    broken(
      ['12', 'a compressed message behind another'],
      [send([frame(OPCODE.binary, 'good'), rsv1])],
      1002,
      {
        target: 'good',
      },
    ),
    broken(
      ['13', 'a compressed message in fragments'],
      [send([frame(OPCODE.text, deflated, { rsv: 4, fin: false }), frame(OPCODE.continuation)])],
      1002,
    ),
  ]);
}
