import assert from 'node:assert/strict';
import { eventually } from '../../../helpers/eventually.js';
import { Clock } from '../../injectors/clock.js';
import type { Rig } from '../../rig.js';
import { Agent } from '../../rig/agent.js';
import { lapse } from '../../rig/time.js';
import { BACK_MS, down, works } from '../control/link.js';

/** Until a process started with the clock's environment sees a new setting, in ms. */
const SEEN_MS = 2_500;

/** I01: the wall clock is set while the agent runs, and a session with it. */
export async function jumps(rig: Rig): Promise<void> {
  const clock = new Clock(rig.folder);
  let ageMs = 0;
  const stand = await rig.start({ env: clock.env, cloud: { now: () => Date.now() - ageMs } });
  const target = await rig.target();
  const tunnel = await stand.open(target);
  await eventually(() => stand.cloud.sessions().length === 1 || undefined, 'the session');
  for (const offset of ['+3h', '-1d', '@1970-01-02 00:00:00', '@2038-01-20 00:00:00', '+0']) {
    clock.set(offset);
    await lapse(SEEN_MS);
    await works(stand, target);
    ageMs = 600_000;
    const stale = stand.operate(target);
    ageMs = 0;
    await stand.final(stale);
    assert.equal(stand.ledger.story(stale), 'PENDING FAILED operation-stale', offset);
  }
  const echoed = new Promise((resolve) => tunnel.once('data', resolve));
  tunnel.write('all the time');
  assert.equal(String(await echoed), 'all the time');
  assert.equal(await stand.agent.isReady(), true);
}

/** I02: a gateway whose clock has not been set yet, and one whose clock falls back while it runs. */
export async function beforeTheCertificate(rig: Rig): Promise<void> {
  const clock = new Clock(rig.folder);
  clock.set('@2001-02-03 00:00:00');
  const stand = await rig.start({ tls: true, env: clock.env, waitForLink: false });
  const { level } = await down(
    stand.agent,
    /certificate is not valid yet .*the gateway's clock says 2001-02-03/,
  );
  assert.equal(level, 'error');
  clock.set('+0');
  await stand.agent.ready(BACK_MS);
  const target = await rig.target();
  await works(stand, target);
  clock.set('@2001-02-03 00:00:00');
  await lapse(SEEN_MS);
  const id = stand.operate(target);
  const failed = await stand.agent.logged('session failed', { operationId: id });
  assert.equal(failed.code, 'cloud-tls');
  assert.match(String(failed.sentence), /not valid yet; the gateway's clock says 2001-02-03/);
  clock.set('+0');
  await lapse(SEEN_MS);
  assert.equal((await stand.final(id, 90_000)).status, 'FAILED');
  await works(stand, target, BACK_MS);
}

/** I03: zones with odd offsets, and a second that most calendars do not have. */
export async function zones(rig: Rig): Promise<void> {
  for (const TZ of ['Pacific/Kiritimati', 'America/St_Johns']) {
    const stand = await rig.start({ env: { TZ } });
    await works(stand, await rig.target());
    for (const line of stand.agent.log()) {
      assert.match(String(line.time), /Z$/);
      assert.ok(
        Math.abs(Date.parse(String(line.time)) - Date.now()) < 120_000,
        `${String(line.time)} in ${TZ}`,
      );
    }
    await stand.end();
  }
}

/** I04: gateways whose clocks are minutes off judge an operation's age alike. */
export async function drift(rig: Rig): Promise<void> {
  for (const offset of ['+10m', '-10m']) {
    const clock = new Clock(rig.folder);
    clock.set(offset);
    let ageMs = 0;
    const stand = await rig.start({ env: clock.env, cloud: { now: () => Date.now() - ageMs } });
    const target = await rig.target();
    await stand.agent.logged("the gateway's clock differs from the cloud's");
    await works(stand, target);
    ageMs = 360_000;
    const stale = stand.operate(target);
    ageMs = 240_000;
    const young = stand.operate(target);
    ageMs = 0;
    await stand.final(stale);
    await stand.final(young);
    assert.equal(stand.ledger.story(stale), 'PENDING FAILED operation-stale', offset);
    assert.equal(stand.ledger.finalOf(young), 'SUCCESSFUL', offset);
    await stand.end();
  }
}

/** I05: times that no timer of Node can hold would fire at once. */
export async function overflow(rig: Rig): Promise<void> {
  const stand = await rig.start({ launch: false });
  for (const [section, key, value] of [
    ['limits', 'idleTimeout', '25d'],
    ['limits', 'sessionDuration', '2147483648ms'],
    ['keepAlive', 'webSocketPing', '99999999999999s'],
    ['limits', 'connectTimeout', '596h'],
  ] as const) {
    stand.configure({ [section]: { [key]: value } });
    const command = Agent.spawn(stand.folder);
    const { code, stderr } = await command.ended();
    assert.equal(code, 78, `${key}: ${value}`);
    assert.match(stderr, new RegExp(`${section}.${key}`));
  }
  stand.configure({ limits: { idleTimeout: '24d', sessionDuration: '24d' } });
  await stand.launch();
  const target = await rig.target();
  await works(stand, target);
  await lapse(1_500);
  assert.equal((await stand.agent.sessions()).length, 1, 'the session is still there');
}
