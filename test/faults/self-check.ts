import assert from 'node:assert/strict';
import { RawCloud } from '../helpers/raw-cloud.js';
import { TcpTarget } from '../helpers/tcp-target.js';
import type { Rig } from './rig.js';
import type { Row } from './row.js';

/*
 * A catalogue that shows that the runner can fail: `--catalogue dist/test/faults/self-check.js`. Each row says what its
 * outcome has to be.
 */

function row(id: string, required: string, run: (rig: Rig) => Promise<void>): Row {
  return { id, fault: 'a row for the runner', required, tier: 'fast', run };
}

/** Opens a session and keeps it, with two ends that the rig does not know of. */
async function keepSession(rig: Rig): Promise<void> {
  const cloud = await new RawCloud().listen();
  const sections = { cloud: { remoteAccessUrl: `http://127.0.0.1:${cloud.port}` } };
  const stand = await rig.start({ sections });
  await stand.outcome(await TcpTarget.start());
}

export const CATALOGUE: readonly Row[] = [
  row('X01', 'survives', async (rig) => {
    const stand = await rig.start();
    await stand.expectEcho(await rig.target());
    rig.figure('answer', 42);
  }),
  row('X02', 'fails', async (rig) => {
    const stand = await rig.start();
    await stand.expectFailed('target-refused', await rig.target());
  }),
  row('X03', 'leaks a session', keepSession),
  row('X04', 'leaks a secret', async (rig) => {
    await rig.start({ secrets: ['gatehouse started'] });
  }),
  {
    ...row('X05', 'fails: not over in time', () => new Promise((resolve) => setTimeout(resolve, 30_000))),
    limitMs: 1_500,
  },
  row('X06', 'fails: a rejection that nobody waits for', async () => {
    void Promise.reject(new Error('nobody waits for this'));
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    assert.fail('the rejection was not noticed');
  }),
  row('X07', 'survives: the cloud is a process, dies, and comes back', async (rig) => {
    const { cloud, agent } = await rig.startApart();
    const target = await rig.target();
    const first = await cloud.operate(target);
    await agent.logged('session open', { operationId: first });
    cloud.kill('SIGKILL');
    await agent.logged('session ended');
    await agent.unready();
    await cloud.comeBack();
    await agent.ready();
    const id = await cloud.operate(target);
    await agent.logged('session open', { operationId: id });
  }),
  { id: 'X08', fault: 'a row for the runner', required: 'is not run', notRun: 'says that it cannot be run' },
];
