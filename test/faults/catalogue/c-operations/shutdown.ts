import assert from 'node:assert/strict';
import { eventually } from '../../../helpers/eventually.js';
import type { Rig } from '../../rig.js';
import { assertOneFinalEach, dials } from './traces.js';

/** C18: operations that come between SIGTERM and the end, while sessions hold the end up. */
export async function whileItEnds(rig: Rig): Promise<void> {
  const stand = await rig.start();
  // A target that never reads holds the shutdown up, so that there is a time between.
  const holding = await rig.target((socket) => void socket.pause());
  const target = await rig.target();
  const tunnel = await stand.open(holding);
  await stand.agent.logged('session open');
  for (let index = 0; index < 64; index += 1) tunnel.write(Buffer.alloc(65_536));
  stand.agent.kill('SIGTERM');
  const ids: string[] = [];
  const feed = setInterval(() => ids.push(stand.operate(target)), 50);
  await stand.agent.command.ended().finally(() => clearInterval(feed));
  assert.ok(ids.length > 0, 'it ended too soon for the row to mean anything');
  const claimed = ids.filter((id) => stand.ledger.story(id) !== 'PENDING');
  for (const id of claimed)
    assert.match(stand.ledger.story(id), /^PENDING( EXECUTING)? (SUCCESSFUL|FAILED cancelled)$/);
  rig.figure('left to the next run', ids.length - claimed.length);
  await stand.launch();
  await eventually(
    () => ids.every((id) => stand.ledger.finalOf(id) !== undefined) || undefined,
    'a final status of each',
  );
  for (const id of ids) assert.ok(dials(stand, id) <= 1);
  assert.ok(ids.length - claimed.length > 0, 'nothing was left to the next run');
  await assertOneFinalEach(stand);
}
