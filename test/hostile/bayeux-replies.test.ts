import assert from 'node:assert/strict';
import net, { type AddressInfo, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { credentialsOf } from '../../src/cloud/authorization.js';
import { BayeuxClient, NotificationsRefused, type Poll } from '../../src/cloud/bayeux-client.js';
import { CloudClock } from '../../src/cloud/cloud-clock.js';
import { parseJson } from '../../src/cloud/json-document.js';
import { LinkError, paceOf } from '../../src/cloud/link-error.js';
import { parseOperation } from '../../src/cloud/operation.js';
import { RestClient } from '../../src/cloud/rest-client.js';
import { RestError } from '../../src/cloud/rest-error.js';
import { MAX_REPLY_BYTES } from '../../contract/limits.js';
import { cloudConfig, FAST } from '../unit/cloud/fixtures.js';
import { until } from '../helpers/until.js';
import { bytesOf, surface, type Case, type Written } from './cases.js';

interface BayeuxCase extends Case {
  readonly at: 'handshake' | 'subscribe' | 'connect';
  readonly reply?: Written;
  readonly http?: Written;
  readonly ok?: {
    readonly documents?: readonly string[];
    readonly unmatched?: number;
    readonly intervalMs?: number;
  };
  readonly fails?: { readonly kind: string; readonly pace: string; readonly says?: string };
}

const GOOD = {
  handshake: [{ channel: '/meta/handshake', id: '1', successful: true, clientId: 'c1' }],
  subscribe: [{ channel: '/meta/subscribe', id: '2', successful: true, subscription: '/40511' }],
  connect: [{ channel: '/meta/connect', id: '3', successful: true }],
};

/** A server that answers whole requests with whatever bytes the case has. */
class Endpoint {
  one: BayeuxCase | undefined;
  readonly #sockets = new Set<Socket>();
  readonly #server = net.createServer((socket) => this.#onConnection(socket));

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #onConnection(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
    let seen = '';
    socket.on('data', (chunk: Buffer) => {
      seen += chunk.toString('latin1');
      const channel = /"channel":"\/meta\/(handshake|subscribe|connect)"/.exec(seen)?.[1];
      if (channel === undefined || !seen.endsWith(']')) return;
      seen = '';
      this.#answer(socket, channel as BayeuxCase['at']);
    });
  }

  #answer(socket: Socket, at: BayeuxCase['at']): void {
    const { one } = this;
    if (one?.at === at && one.http !== undefined) {
      socket.end(bytesOf(one.http));
      return;
    }
    const body = one?.at === at && one.reply !== undefined ? bytesOf(one.reply) : bytesOf({ json: GOOD[at] });
    socket.write(
      Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`), body]),
    );
  }
}

/** What the case's reply leads to. */
async function outcomeOf(rest: RestClient, at: BayeuxCase['at']): Promise<Poll | undefined> {
  const { signal } = new AbortController();
  const client = new BayeuxClient({ rest, timing: FAST, agentId: '40511', signal });
  await client.handshake();
  if (at !== 'handshake') await client.subscribe();
  return at === 'connect' ? client.poll() : undefined;
}

function kindOf(error: unknown): string {
  if (error instanceof NotificationsRefused) return 'refused';
  if (error instanceof LinkError) return 'link';
  return error instanceof RestError ? error.kind : `not ours: ${String(error)}`;
}

describe('a reply of the notification endpoint', () => {
  const endpoint = new Endpoint();
  before(() => endpoint.listen());
  after(() => endpoint.close());

  for (const each of surface<BayeuxCase>('bayeux-replies').cases) {
    const answer = each.ok === undefined ? `${each.fails?.kind ?? ''}, ${each.fails?.pace ?? ''}` : 'taken';
    test(`${each.id}: ${answer}`, async () => {
      endpoint.one = each;
      const cloud = cloudConfig(endpoint.url);
      const rest = new RestClient({
        cloud,
        credentials: credentialsOf(cloud),
        clock: new CloudClock({ now: Date.now }),
        parseJson: (document) => parseJson(document, { maxBytes: MAX_REPLY_BYTES }),
        requestMs: 5_000,
      });
      const outcome = await until(
        'the outcome',
        outcomeOf(rest, each.at).catch((error: unknown) => ({ error })),
      );
      await rest.close();
      if (outcome !== undefined && 'error' in outcome) checkFailure(outcome.error, each);
      else checkPoll(outcome, each);
    });
  }
});

function checkFailure(error: unknown, { fails }: BayeuxCase): void {
  const message = error instanceof Error ? error.message : String(error);
  assert.ok(fails !== undefined, `failed: ${message}`);
  assert.deepEqual([kindOf(error), paceOf(error).kind], [fails.kind, fails.pace], message);
  if (fails.says !== undefined) assert.ok(message.includes(fails.says), message);
  assert.match(message, /^[ -~]{1,300}$/, 'one printable line');
  assert.doesNotMatch(message, /p4ssw0rd|Basic/);
}

function checkPoll(poll: Poll | undefined, { ok }: BayeuxCase): void {
  assert.ok(ok !== undefined, 'was taken');
  if (poll === undefined) return;
  const documents = poll.documents.map((document) => parseOperation(document).kind);
  assert.deepEqual({ documents, unmatched: poll.unmatched, intervalMs: poll.intervalMs }, ok);
}
