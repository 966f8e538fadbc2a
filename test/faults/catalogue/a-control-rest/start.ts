import assert from 'node:assert/strict';
import type { Rig } from '../../rig.js';

/** A01: the agent starts first; the cloud comes some seconds later. */
export async function lateCloud(rig: Rig): Promise<void> {
  const stand = await rig.start({ launch: false });
  await stand.cloud.goDown();
  const agent = await stand.launch({ waitForLink: false });
  const { reason } = await agent.logged('not connected to the cloud');
  assert.equal(await agent.isReady(), false);
  assert.equal(await agent.metric('gatehouse_cloud_connected'), 0);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const downs = agent.log().filter(({ msg }) => msg === 'not connected to the cloud');
  assert.deepEqual(
    downs.map((line) => line.reason),
    [reason],
    'one line for the change, none for the tries',
  );
  await stand.cloud.comeBack();
  const startedAt = performance.now();
  await agent.ready(30_000);
  rig.figure('back after ms', performance.now() - startedAt);
  assert.equal(await agent.metric('gatehouse_cloud_connected'), 1);
  const target = await rig.target();
  await stand.expectEcho(target);
}
