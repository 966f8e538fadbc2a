import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloudSession, type SessionEnd } from '../../../bench/load/ends/cloud-session.js';
import { TargetSession, type TargetCounts } from '../../../bench/load/ends/target-session.js';
import type { Profile } from '../../../bench/load/profiles.js';
import { Random } from '../../../bench/load/range.js';
import type { Channel, ChannelHandler } from '../../../bench/load/traffic/channel.js';
import { DamagedChannel } from '../../../bench/load/traffic/damaged-channel.js';
import { eventually } from '../../helpers/eventually.js';

const exactly = (value: number) => ({ from: value, to: value });

/** Pages of two requests that need several pieces each way. */
const PAGES: Profile = {
  summary: '',
  streams: [
    {
      turns: [{ repeat: 1, requestBytes: exactly(100_000), responseBytes: exactly(200_001) }],
      everyMs: exactly(0),
      outstanding: 2,
    },
  ],
  page: { requests: exactly(2), pauseMs: exactly(0) },
};

/** One end of a pair in memory; it is always full after a write, so that waiting for room is tried all the time. */
class PairedChannel implements Channel {
  other: PairedChannel | undefined;
  #handler: ChannelHandler | undefined;

  attach(handler: ChannelHandler): void {
    this.#handler = handler;
  }

  write(piece: Buffer): boolean {
    setImmediate(() => {
      this.other?.deliver(piece);
      this.#handler?.onDrain();
    });
    return false;
  }

  deliver(piece: Buffer): void {
    this.#handler?.onBytes(piece, 0, piece.length);
  }

  end(): void {
    setImmediate(() => {
      this.leave();
      this.other?.leave();
    });
  }

  destroy(): void {
    this.end();
  }

  leave(): void {
    const handler = this.#handler;
    this.#handler = undefined;
    handler?.onEnd('closed');
  }
}

interface Outcome {
  readonly end: SessionEnd;
  readonly counts: TargetCounts;
  readonly latencies: number;
  readonly verified: number;
  readonly received: number;
}

/** Runs one session from its greeting to its end. */
async function run(damage: { cloud?: number; target?: number } = {}): Promise<Outcome> {
  const [cloud, target] = [new PairedChannel(), new PairedChannel()];
  cloud.other = target;
  target.other = cloud;
  const counts: TargetCounts = { connections: 0, requests: 0, verifiedBytes: 0, faults: 0 };
  const damaged = (channel: Channel, offset: number | undefined): Channel =>
    offset === undefined ? channel : new DamagedChannel(channel, offset);
  new TargetSession(damaged(target, damage.target), counts);
  let end: SessionEnd | undefined;
  const seen = { latencies: 0, verified: 0, received: 0 };
  new CloudSession({
    number: 3,
    channel: damaged(cloud, damage.cloud),
    profile: PAGES,
    random: new Random(1),
    now: () => performance.now(),
    observer: {
      onUp: () => undefined,
      onReceived: (bytes) => (seen.received += bytes),
      onSent: () => undefined,
      onExchange: (downlinkBytes, uplinkBytes, latencyMs) => {
        seen.verified += downlinkBytes + uplinkBytes;
        if (latencyMs !== undefined) seen.latencies += 1;
      },
    },
    onEnd: (how) => (end = how),
  });
  return { end: await eventually(() => end, 'the end of the session'), counts, ...seen };
}

test('a session greets, makes its requests, says farewell and ends by plan, with every byte verified', async () => {
  const { end, counts, latencies, verified, received } = await run();
  assert.deepEqual(end, { kind: 'planned' });
  assert.equal(latencies, 2, 'greeting and farewell are no measurements');
  // Two of 300,001 bytes and two of 128, each with two headers of 24.
  assert.equal(verified, 2 * (300_001 + 48) + 2 * (128 + 48));
  assert.equal(received, 2 * (200_001 + 24) + 2 * (64 + 24));
  assert.deepEqual(counts, {
    connections: 0,
    requests: 4,
    verifiedBytes: 2 * 100_024 + 2 * 88,
    faults: 0,
  });
});

test('a wrong byte of an answer ends the session with its number and position', async () => {
  // Behind the greeting (88 bytes), a header and 150,000 bytes.
  const { end } = await run({ target: 88 + 24 + 150_000 });
  assert.deepEqual(end, {
    kind: 'failed',
    error: 'corrupt',
    sentence: `session 3 (seed 6): a wrong byte at byte ${64 + 150_000}`,
  });
});

test('a wrong byte of a request is found by the target, which says where', async () => {
  const { end, counts } = await run({ cloud: 88 + 24 + 70_000 });
  assert.equal(counts.faults, 1);
  assert.deepEqual(end, {
    kind: 'failed',
    error: 'corrupt',
    sentence: `session 3 (seed 6): the target found the requests wrong at byte ${64 + 70_000}`,
  });
});
