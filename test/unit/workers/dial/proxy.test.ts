import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, test } from 'node:test';
import { GatehouseError } from '../../../../contract/failure.js';
import type { SessionTask } from '../../../../contract/messages.js';
import { dialCloud, tlsContext } from '../../../../workers/dial/cloud.js';
import { serverIdentity } from '../../../helpers/certificates.js';
import { closeFrame, frame } from '../../../helpers/raw-cloud.js';
import { assertSameBytes, cut, seededBytes, seededRandom } from '../../../helpers/seeded-stream.js';
import { Rig, loopback } from '../../../helpers/session-rig.js';
import { closedPort } from '../../../helpers/closed-port.js';
import { readAll } from '../../../helpers/targets.js';
import { until, untilTrue } from '../../../helpers/until.js';

/** An HTTP proxy that connects to `upstreamPort`, or answers with `refusal` instead. */
class Proxy {
  readonly requests: string[] = [];
  readonly sockets = new Set<net.Socket>();
  readonly #server: net.Server;

  constructor(answer: (socket: net.Socket, head: string) => void) {
    this.#server = net.createServer({ allowHalfOpen: true }, (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('error', () => undefined);
      socket.once('data', (chunk: Buffer) => {
        this.requests.push(chunk.toString('latin1'));
        answer(socket, chunk.toString('latin1'));
      });
    });
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get endpoint(): SessionTask['target'] {
    return loopback((this.#server.address() as net.AddressInfo).port);
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function connecting(upstreamPort: number, greeting = 'HTTP/1.1 200 Connection established\r\n\r\n') {
  return (socket: net.Socket): void => {
    const upstream = net.connect({ port: upstreamPort, host: '127.0.0.1', allowHalfOpen: true });
    upstream.on('error', () => socket.destroy());
    socket.on('close', () => upstream.destroy());
    upstream.on('close', () => socket.destroySoon());
    socket.write(greeting);
    socket.pipe(upstream).pipe(socket);
  };
}

for (const secure of [false, true]) {
  test(`bytes pass exactly through a proxy, ${secure ? 'with' : 'without'} TLS to the cloud`, async () => {
    const identity = await serverIdentity();
    const rig = await Rig.make({ ca: identity.ca, cloud: secure ? { tls: identity.server } : {} });
    const proxy = await new Proxy(connecting(rig.cloud.port)).listen();
    const { summary } = rig.start(
      {},
      { tunnel: { endpoint: proxy.endpoint, proxy: { authorization: 'Basic cHJveHk=' } } },
    );
    const [peer, socket] = [await rig.cloud.peer(), await rig.target.connection()];
    const up = seededBytes(1, 2_000_000);
    const down = seededBytes(2, 2_000_000);
    const read = readAll(socket);
    peer.onClosed = () => undefined;
    for (const piece of cut(up, seededRandom(1))) socket.write(piece);
    for (const piece of cut(down, seededRandom(2))) peer.socket.write(frame(0x82, piece));
    await untilTrue('all bytes at the cloud', () => peer.bytes >= up.length);
    peer.socket.end(closeFrame(1000));
    assertSameBytes((await read).bytes, down);
    socket.end();
    assert.equal((await summary).outcome, 'ended');
    assertSameBytes(peer.received(), up);
    assert.match(
      proxy.requests[0] ?? '',
      new RegExp(`^CONNECT 127\\.0\\.0\\.1:${rig.cloud.port} HTTP/1\\.1\r\n`),
    );
    assert.match(proxy.requests[0] ?? '', /\r\nproxy-authorization: Basic cHJveHk=\r\n/i);
    assert.doesNotMatch(proxy.requests[0] ?? '', /\r\nauthorization:/i);
    assert.doesNotMatch(peer.request, /proxy-authorization/i);
    await untilTrue('no connection at the proxy', () => proxy.sockets.size === 0);
    await proxy.close();
    await rig.close();
  });
}

describe('a proxy that does not help is cloud-proxy', () => {
  async function failure(answer: (socket: net.Socket) => void, timeoutMs = 5_000): Promise<string> {
    const proxy = await new Proxy((socket) => {
      socket.on('end', () => socket.end());
      answer(socket);
    }).listen();
    const failed = await dial(proxy.endpoint, timeoutMs);
    await untilTrue('no connection at the proxy', () => proxy.sockets.size === 0);
    await proxy.close();
    return failed;
  }

  async function dial(endpoint: SessionTask['target'], timeoutMs: number): Promise<string> {
    const tunnel = {
      url: 'wss://tenant.example/service/remoteaccess/device/0123456789abcdef',
      authorization: 'Basic c2VjcmV0',
      endpoint,
      proxy: { authorization: 'Basic cHJveHktc2VjcmV0' },
    };
    const { signal } = new AbortController();
    try {
      await until('the dial', dialCloud(tunnel, tlsContext(undefined), timeoutMs, signal));
      return 'up';
    } catch (error) {
      assert.ok(error instanceof GatehouseError, String(error));
      const text = `${error.code}: ${error.message}`;
      assert.doesNotMatch(text, /cHJveHk|c2VjcmV0|0123456789abcdef/);
      return text;
    }
  }

  for (const [what, answer, text] of [
    ['407', 'HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n', /credentials \(407\)/],
    ['403', 'HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno!', /\(403\)/],
    ['502', 'HTTP/1.1 502 Bad Gateway\r\n\r\n', /\(502\)/],
    ['garbage', '\x00\x01\x02\x03\r\n\r\n', /ended the connection/],
    ['bytes of its own behind the 200', 'HTTP/1.1 200 OK\r\n\r\nhello', /bytes of its own/],
    ['a header bomb', `HTTP/1.1 200 OK\r\nX: ${'b'.repeat(100_000)}\r\n\r\n`, /ended the connection/],
  ] as const) {
    test(what, async () => {
      const failed = await failure((socket) => void socket.write(answer));
      assert.match(failed, /^cloud-proxy: /);
      assert.match(failed, text);
    });
  }

  test('FIN and RST', async () => {
    assert.match(await failure((socket) => void socket.end()), /^cloud-proxy: /);
    assert.match(await failure((socket) => void socket.resetAndDestroy()), /^cloud-proxy: /);
  });

  test('silence until the deadline', async () => {
    assert.match(await failure(() => undefined, 300), /^cloud-proxy: .*within 0\.3 s/);
  });

  test('nobody there', async () => {
    assert.match(await dial(loopback(await closedPort()), 5_000), /^cloud-proxy: .*cannot be reached/);
  });

  test('a connection that ends right behind the 200 is the cloud side of it', async () => {
    const failed = await failure((socket) => void socket.end('HTTP/1.1 200 OK\r\n\r\n'));
    assert.match(failed, /^cloud-unreachable: /);
  });
});
