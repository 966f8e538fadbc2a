import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SessionLimits } from '../../../../contract/messages.js';
import { Deadlines, type DeadlineAction, type Progress } from '../../../../workers/session/deadlines.js';
import { LIMITS } from '../../../helpers/session-rig.js';

const STILL: Progress = {
  uplinkBytes: 0,
  downlinkBytes: 0,
  uplinkWaiting: 0,
  downlinkWaiting: 0,
  uplinkQueued: 0,
  downlinkQueued: 0,
  cloudReads: 0,
  cloudPaused: false,
};

/** Asks every `stepMs` up to `toMs` and gives the first action with its time. */
function first(
  deadlines: Deadlines,
  toMs: number,
  progressAt: (nowMs: number) => Partial<Progress> = () => ({}),
  stepMs = 250,
): { readonly atMs: number; readonly action: DeadlineAction } | undefined {
  for (let nowMs = stepMs; nowMs <= toMs; nowMs += stepMs) {
    const action = deadlines.check({ ...STILL, ...progressAt(nowMs) }, nowMs);
    if (action !== undefined) return { atMs: nowMs, action };
  }
  return undefined;
}

function make(limits: Partial<SessionLimits> = {}): Deadlines {
  return new Deadlines({ ...LIMITS, ...limits }, STILL, 0);
}

/** `end:reason@ms`, or `ping@ms`, `cut@ms`, `nothing`. */
function brief(result: ReturnType<typeof first>): string {
  if (result === undefined) return 'nothing';
  const { action, atMs } = result;
  return `${action.kind === 'end' ? `end:${action.reason}` : action.kind}@${atMs}`;
}

describe('while a session is open', () => {
  test('nothing happens when everything is off', () => {
    assert.equal(brief(first(make(), 86_400_000, undefined, 10_000)), 'nothing');
  });

  test('it ends after its longest duration, even when busy', () => {
    const busy = (nowMs: number): Partial<Progress> => ({ uplinkBytes: nowMs });
    assert.equal(brief(first(make({ sessionDurationMs: 30_000 }), 60_000, busy)), 'end:max-duration@30000');
  });

  test('it ends when no byte moves in either direction', () => {
    assert.equal(brief(first(make({ idleTimeoutMs: 5_000 }), 60_000)), 'end:idle@5000');
  });

  for (const direction of ['uplinkBytes', 'downlinkBytes'] as const) {
    test(`${direction} alone keep it from being idle`, () => {
      const moving = (nowMs: number): Partial<Progress> => ({ [direction]: Math.floor(nowMs / 4_000) });
      assert.equal(brief(first(make({ idleTimeoutMs: 5_000 }), 60_000, moving)), 'nothing');
    });
  }

  test('pings from the cloud do not count as activity', () => {
    const pinged = (nowMs: number): Partial<Progress> => ({ cloudReads: nowMs });
    assert.equal(brief(first(make({ idleTimeoutMs: 5_000 }), 60_000, pinged)), 'end:idle@5000');
  });

  test('bytes that wait for the cloud for 60 s end it', () => {
    assert.equal(brief(first(make(), 90_000, () => ({ uplinkWaiting: 1 }))), 'end:stall-cloud@60000');
  });

  test('bytes that wait for the target for 60 s end it', () => {
    assert.equal(brief(first(make(), 90_000, () => ({ downlinkWaiting: 1 }))), 'end:stall-target@60000');
  });

  test('a slow side that takes something now and then is alive', () => {
    const slow = (nowMs: number): Partial<Progress> => ({
      downlinkWaiting: 1_000,
      downlinkBytes: Math.floor(nowMs / 50_000),
    });
    assert.equal(brief(first(make(), 600_000, slow)), 'nothing');
  });

  test('a slow side that takes one large write in parts is alive, and is not while the write only grows', () => {
    const parts = (nowMs: number): Partial<Progress> => ({
      downlinkWaiting: 200_000,
      downlinkQueued: 200_000 - Math.floor(nowMs / 50_000),
    });
    assert.equal(brief(first(make(), 600_000, parts)), 'nothing');
    const growing = (nowMs: number): Partial<Progress> => ({ uplinkWaiting: 1, uplinkQueued: nowMs });
    assert.equal(brief(first(make(), 90_000, growing)), 'end:stall-cloud@60000');
  });

  test('progress of one direction does not excuse a stall of the other', () => {
    const oneWay = (nowMs: number): Partial<Progress> => ({ uplinkBytes: nowMs, downlinkWaiting: 1 });
    assert.equal(brief(first(make(), 90_000, oneWay)), 'end:stall-target@60000');
  });

  test('it pings at the interval as long as the cloud is heard', () => {
    const deadlines = make({ webSocketPingMs: 20_000 });
    const pings: number[] = [];
    for (let nowMs = 250; nowMs <= 65_000; nowMs += 250) {
      const action = deadlines.check({ ...STILL, cloudReads: Math.floor(nowMs / 20_100) }, nowMs);
      if (action?.kind === 'ping') pings.push(nowMs);
    }
    assert.deepEqual(pings, [20_000, 40_000, 60_000]);
  });

  test('two intervals of silence end it', () => {
    const deadlines = make({ webSocketPingMs: 20_000 });
    assert.equal(brief(first(deadlines, 60_000)), 'ping@20000');
    assert.equal(deadlines.check(STILL, 39_999), undefined);
    const action = deadlines.check(STILL, 40_000);
    assert.equal(action?.kind === 'end' && action.reason, 'cloud-ping-timeout');
  });

  test('silence proves nothing while we do not read', () => {
    const deadlines = make({ webSocketPingMs: 20_000 });
    for (let nowMs = 250; nowMs <= 59_000; nowMs += 250) {
      const paused = { ...STILL, cloudPaused: true, downlinkWaiting: 9, downlinkBytes: nowMs };
      assert.notEqual(deadlines.check(paused, nowMs)?.kind, 'end');
    }
  });
});

describe('while a session closes', () => {
  function closing(limits: Partial<SessionLimits> = {}): Deadlines {
    const deadlines = make(limits);
    deadlines.closing(0);
    return deadlines;
  }

  test('it is cut 5 s after everything is flushed', () => {
    assert.equal(brief(first(closing(), 90_000)), 'cut@5000');
  });

  test('it is cut after 10 s without progress when something is left', () => {
    assert.equal(brief(first(closing(), 90_000, () => ({ downlinkWaiting: 5 }))), 'cut@10000');
  });

  test('progress prolongs the flush, up to 60 s', () => {
    const slow = (nowMs: number): Partial<Progress> => ({ downlinkWaiting: 5, downlinkBytes: nowMs });
    assert.equal(brief(first(closing(), 90_000, slow)), 'cut@60000');
  });

  test('neither pings nor the other deadlines happen', () => {
    const limits = { webSocketPingMs: 1_000, idleTimeoutMs: 1_000, sessionDurationMs: 1_000 };
    assert.equal(brief(first(closing(limits), 90_000)), 'cut@5000');
  });

  test('a second cause does not prolong it', () => {
    const deadlines = closing();
    deadlines.closing(4_000);
    assert.equal(brief(first(deadlines, 90_000)), 'cut@5000');
  });
});
