import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as dial, type Socket } from 'node:net';
import { PassThrough, Writable } from 'node:stream';
import { connect, type ConnectIo, type ConnectOptions } from '../../../src/cli/connect.js';
import type { ScriptedCloud } from './scripted-cloud.js';

/** An io that keeps what is written, and tells when something is. */
export class TestIo implements ConnectIo {
  out = '';
  err = '';
  readonly received: Buffer[] = [];
  readonly stdin = new PassThrough();
  readonly output = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      this.received.push(chunk);
      done();
    },
  });
  readonly #waiting = new Set<() => void>();
  readonly env: Record<string, string>;
  readonly stdout = { write: (text: string) => this.#note(() => (this.out += text)) };
  readonly stderr = { write: (text: string) => this.#note(() => (this.err += text)) };

  constructor(env: Record<string, string> = {}) {
    this.env = env;
  }

  #note(add: () => void): void {
    add();
    for (const check of this.#waiting) check();
  }

  /** Waits until the text written so far matches; at most 5 s. */
  async until(stream: 'out' | 'err', wanted: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        reject(new Error(`not written: ${String(wanted)}; out: ${this.out}; err: ${this.err}`));
      }, 5_000);
      const check = (): void => {
        const found = wanted.exec(this[stream]);
        if (found === null) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve(found);
      };
      this.#waiting.add(check);
      check();
    });
  }
}

export function operatorEnv(cloud: ScriptedCloud): Record<string, string> {
  return { C8Y_BASEURL: cloud.url, C8Y_TENANT: 't1', C8Y_USER: 'ops', C8Y_PASSWORD: 'secret' };
}

export interface RunningConnect {
  readonly port: number;
  readonly io: TestIo;
  /** Stops it; gives the exit code. */
  readonly stop: () => Promise<number>;
  /** Waits until it ends by itself. */
  readonly exit: Promise<number>;
}

/** Runs `connect gw-7 plc-ssh` until its port is there. */
export async function startConnect(
  cloud: ScriptedCloud,
  options: Partial<ConnectOptions> = {},
): Promise<RunningConnect> {
  const io = new TestIo(operatorEnv(cloud));
  const stop = new AbortController();
  const exit = connect({ device: 'gw-7', configuration: 'plc-ssh', json: true, ...options }, io, stop.signal);
  const [, port] = await io.until('out', /"port":(\d+)/);
  return {
    port: Number(port),
    io,
    exit,
    stop: () => {
      stop.abort();
      return exit;
    },
  };
}

/** A local client that does not end its side when the other one does. */
export async function client(port: number): Promise<Socket> {
  const socket = dial({ port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

/** Everything until FIN; fails on a reset, and after 20 s. */
export async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const timer = setTimeout(() => socket.destroy(new Error('no end within 20 s')), 20_000);
  for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    chunks.push(chunk);
  }
  clearTimeout(timer);
  return Buffer.concat(chunks);
}

/** Compares without printing megabytes. */
export function assertSameBytes(actual: Buffer, expected: Buffer): void {
  assert.equal(actual.length, expected.length);
  assert.ok(actual.equals(expected), 'the bytes differ');
}
