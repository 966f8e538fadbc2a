import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { accept } from '../helpers/raw-cloud.js';
import { assertSameBytes } from '../helpers/seeded-stream.js';
import { Rig, type Running } from '../helpers/session-rig.js';
import { Target } from '../helpers/targets.js';
import { until } from '../helpers/until.js';
import { close, type Case, type Step } from './case.js';
import { Fuzzer } from './fuzzer.js';

/** The agent's sessions between a fuzzing server and a target that echoes what it gets. */
export class Runner {
  readonly #waiting: ((fuzzer: Fuzzer) => void)[] = [];
  #rig: Rig | undefined;

  static async make(): Promise<Runner> {
    const runner = new Runner();
    const answer = (socket: Socket, request: string): void => {
      const fuzzer = new Fuzzer(socket, request);
      socket.write(accept(request));
      runner.#waiting.shift()?.(fuzzer);
    };
    runner.#rig = await Rig.make({ cloud: { answer }, target: new Target() });
    return runner;
  }

  get rig(): Rig {
    return this.#rig ?? assert.fail('the runner was not made');
  }

  /** A session that is up, with what has reached the target so far. */
  async open(): Promise<{ readonly running: Running; readonly fuzzer: Fuzzer; readonly arrived: Arrived }> {
    const upgraded = new Promise<Fuzzer>((resolve) => this.#waiting.push(resolve));
    const running = this.rig.start();
    const [fuzzer, socket] = await Promise.all([until('an upgrade', upgraded), this.rig.target.connection()]);
    await this.rig.opened(running.id);
    return { running, fuzzer, arrived: new Arrived(socket) };
  }

  /** Plays a case and throws where the agent does something else than it has to. */
  async play(one: Case): Promise<void> {
    const { running, fuzzer, arrived } = await this.open();
    const reason = async (): Promise<string> => {
      const summary = await running.summary;
      return summary.outcome === 'ended' ? summary.reason : summary.sentence;
    };
    await playCase(one, { fuzzer, arrived, reason });
  }

  async stop(): Promise<void> {
    await this.rig.close();
  }
}

/** An open session as a case meets it. */
export interface Stage {
  readonly fuzzer: Fuzzer;
  readonly arrived: Arrived;
  /** Resolves when the session is over, with its reason. */
  readonly reason: () => Promise<string>;
}

/** Plays a case and throws where the agent does something else than it has to. */
export async function playCase(
  { steps, target, pongs, close: code, reason }: Case,
  stage: Stage,
): Promise<void> {
  const { fuzzer, arrived } = stage;
  for (const step of steps) await play(step, fuzzer, arrived);
  if (code === undefined) {
    await fuzzer.until('the echo of all bytes', () => fuzzer.dataBytes >= target.length);
    await fuzzer.until('all pongs', () => fuzzer.pongs.length >= pongs.length);
    await fuzzer.send([close(1000)], 'together');
  }
  await fuzzer.until('the end of the connection', () => fuzzer.hasEnded);
  assert.equal(await stage.reason(), reason);
  await until('the end of the target', arrived.ended);
  assert.deepEqual(fuzzer.closes, [code ?? 1000]);
  assertSameBytes(arrived.all(), target);
  assert.deepEqual(fuzzer.pongs, pongs);
  // Behind a close frame of either side nothing goes up any more, so an echo may be cut there.
  const echo = Buffer.concat(fuzzer.data);
  assertSameBytes(echo, code === undefined ? target : target.subarray(0, echo.length));
  assert.ok(fuzzer.frames < 3 || fuzzer.keys.size > 1, 'masking keys repeat');
}

async function play(step: Step, fuzzer: Fuzzer, arrived: Arrived): Promise<void> {
  switch (step.kind) {
    case 'send':
      return fuzzer.send(step.frames, step.chops, step.part);
    case 'arrived':
      return fuzzer.until(`${step.bytes} bytes at the target`, () => arrived.bytes >= step.bytes);
    case 'round-trips': {
      for (let round = 1; round <= step.count; round += 1) {
        const bytes = round * step.frame.payload.length;
        await fuzzer.send([step.frame], 'together');
        await fuzzer.until('a message coming back', () => fuzzer.dataBytes >= bytes);
      }
    }
  }
}

/** What a target gets; it sends all of it back. */
export class Arrived {
  readonly #chunks: Buffer[] = [];
  bytes = 0;
  readonly ended: Promise<void>;

  constructor(socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.bytes += chunk.length;
    });
    socket.pipe(socket);
    this.ended = new Promise((resolve) => socket.once('end', () => resolve()));
  }

  all(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}
