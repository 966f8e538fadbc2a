import { randomUUID } from 'node:crypto';
import type { Channel } from '../traffic/channel.js';
import { OpenError, type Opener } from './cloud-end.js';
import type { TunnelServer } from './tunnel-server.js';

/** Longest wait for the gateway, in ms: what clients of the platform wait (go-c8y-cli: 45 s). */
const OPEN_MS = 45_000;

/**
 * Opens sessions as the cloud does: asks for one by its key, and waits for the gateway to come with that key. Keys that
 * are asked for in one turn of the event loop are passed on together.
 */
export class GatewayOpener implements Opener {
  readonly #server: TunnelServer;
  readonly #ask: (keys: readonly string[]) => void;
  readonly #refuse = new Map<string, (reason: string) => void>();
  #keys: string[] = [];

  /** @param ask creates the operations. */
  constructor(server: TunnelServer, ask: (keys: readonly string[]) => void) {
    this.#server = server;
    this.#ask = ask;
  }

  open(number: number): Promise<Channel> {
    const key = randomUUID();
    const promise = new Promise<Channel>((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(late);
        this.#refuse.delete(key);
        this.#server.forget(key);
      };
      const fail = (kind: string, sentence: string): void => {
        settle();
        reject(new OpenError(kind, `session ${number}: ${sentence}`));
      };
      const late = setTimeout(() => fail('not-opened', `no tunnel within ${OPEN_MS / 1_000} s`), OPEN_MS);
      this.#refuse.set(key, (reason) => fail(`operation-failed ${codeOf(reason)}`, reason));
      this.#server.expect(key, (channel) => {
        settle();
        resolve(channel);
      });
    });
    if (this.#keys.length === 0) setImmediate(() => this.#flush());
    this.#keys.push(key);
    return promise;
  }

  /** The gateway set the operation of this key to FAILED. */
  refused(key: string, reason: string): void {
    this.#refuse.get(key)?.(reason);
  }

  #flush(): void {
    this.#ask(this.#keys);
    this.#keys = [];
  }
}

/** The failure code that opens a reason. */
function codeOf(reason: string): string {
  return /^[a-z-]{1,40}(?=:)/.exec(reason)?.[0] ?? 'without a code';
}
