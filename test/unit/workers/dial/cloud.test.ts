import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, test } from 'node:test';
import type tls from 'node:tls';
import { GatehouseError } from '../../../../contract/failure.js';
import type { Tunnel } from '../../../../contract/messages.js';
import { dialCloud, tlsContext } from '../../../../workers/dial/cloud.js';
import { serverIdentity, type Flaws } from '../../../helpers/certificates.js';
import { RawCloud, acceptHead, type RawCloudOptions } from '../../../helpers/raw-cloud.js';
import { closedPort } from '../../../helpers/closed-port.js';
import { until, untilTrue } from '../../../helpers/until.js';

/** Deadline of the dials below that are meant to reach it, in ms. */
const SHORT_MS = 400;
const SECRET = 'Basic c2VjcmV0LWNhbmFyeQ==';

function tunnel(url: string, port: number, more: Partial<Tunnel> = {}): Tunnel {
  return {
    url,
    authorization: SECRET,
    endpoint: { host: '127.0.0.1', port, addresses: ['127.0.0.1'] },
    ...more,
  };
}

/** The failure of a dial to a cloud that behaves like this; afterwards no connection is left. */
async function failure(
  options: RawCloudOptions,
  more: {
    readonly ca?: string;
    readonly timeoutMs?: number;
    readonly url?: (cloud: RawCloud) => string;
  } = {},
): Promise<string> {
  const cloud = await new RawCloud(options).listen();
  const url = more.url?.(cloud) ?? cloud.url();
  const failed = await failureOf(tunnel(url, cloud.port), more.timeoutMs ?? 5_000, tlsContext(more.ca));
  await untilTrue('no connection at the cloud', () => cloud.connections.size === 0);
  await cloud.close();
  return failed;
}

async function failureOf(to: Tunnel, timeoutMs: number, context: tls.SecureContext): Promise<string> {
  const signal = new AbortController().signal;
  try {
    const { wire } = await until('the dial', dialCloud(to, context, timeoutMs, signal));
    wire.socket.destroy();
    return 'up';
  } catch (error) {
    assert.ok(error instanceof GatehouseError, String(error));
    const text = `${error.code}: ${error.message}`;
    assert.ok(!text.includes('c2VjcmV0') && !text.includes('0123456789abcdef'), text);
    return text;
  }
}

/** Answers with these bytes and closes. */
function says(text: string | ((request: string) => string)): RawCloudOptions {
  return {
    answer: (socket, request) => void socket.end(typeof text === 'string' ? text : text(request)),
  };
}

function status(line: string, headers = ''): RawCloudOptions {
  return says(`HTTP/1.1 ${line}\r\n${headers}Content-Length: 0\r\n\r\n`);
}

const bent = (from: RegExp | string, to: string): RawCloudOptions =>
  says((request) => acceptHead(request).replace(from, to));

describe('an HTTP answer', () => {
  for (const [line, code] of [
    ['200 OK', 'cloud-protocol'],
    ['204 No Content', 'cloud-protocol'],
    ['301 Moved', 'cloud-protocol'],
    ['302 Found', 'cloud-protocol'],
    ['307 Temporary Redirect', 'cloud-protocol'],
    ['308 Permanent Redirect', 'cloud-protocol'],
    ['400 Bad Request', 'cloud-protocol'],
    ['401 Unauthorized', 'cloud-unauthorized'],
    ['403 Forbidden', 'cloud-unauthorized'],
    ['404 Not Found', 'cloud-key-unknown'],
    ['409 Conflict', 'cloud-protocol'],
    ['410 Gone', 'cloud-key-unknown'],
    ['426 Upgrade Required', 'cloud-protocol'],
    ['429 Too Many Requests', 'cloud-unreachable'],
    ['500 Internal Server Error', 'cloud-unreachable'],
    ['502 Bad Gateway', 'cloud-unreachable'],
    ['503 Service Unavailable', 'cloud-unreachable'],
    ['504 Gateway Timeout', 'cloud-unreachable'],
  ] as const) {
    test(`${line} is ${code}`, async () => {
      const location = line.startsWith('30') ? 'Location: http://127.0.0.1:9/\r\n' : '';
      assert.match(await failure(status(line, location)), new RegExp(`^${code}: .*${line.slice(0, 3)}`));
    });
  }

  test('with Retry-After passes its seconds on', async () => {
    assert.match(await failure(status('429 Slow', 'Retry-After: 17\r\n')), /in 17 s/);
    assert.match(await failure(status('429 Slow', 'Retry-After: \x01evil\r\n')), /^cloud-/);
  });

  test('with an endless body is not read to its end', async () => {
    let written = 0;
    const answer = (socket: net.Socket): void => {
      socket.write('HTTP/1.1 503 Busy\r\n\r\n');
      const more = (): void => {
        while (!socket.destroyed && written < 500_000_000) {
          written += 65_536;
          if (!socket.write(Buffer.alloc(65_536))) return void socket.once('drain', more);
        }
      };
      more();
    };
    assert.match(await failure({ answer }), /^cloud-unreachable: .*503/);
    assert.ok(written < 50_000_000, `${written} bytes were taken`);
  });
});

describe('a 101 that is not one', () => {
  for (const [what, options, text] of [
    ['a wrong accept key', bent(/(?<=Accept: ).*/, 'AAAAAAAAAAAAAAAAAAAAAAAAAAA='), /Sec-WebSocket-Accept/],
    ['no accept key', bent(/Sec-WebSocket-Accept.*\r\n/, ''), /Sec-WebSocket-Accept/],
    ['no upgrade header', bent(/Upgrade: websocket\r\n/, ''), /./],
    ['another upgrade', bent('websocket', 'h2c'), /./],
    ['no subprotocol', bent(/Sec-WebSocket-Protocol.*\r\n/, ''), /subprotocol/],
    ['another subprotocol', bent('binary', 'mqtt'), /subprotocol/],
    [
      'an extension that was not offered',
      bent(/\r\n\r\n$/, '\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n'),
      /extension/i,
    ],
    ['a header bomb', bent(/\r\n\r\n$/, `\r\nX-Bomb: ${'b'.repeat(200_000)}\r\n\r\n`), /above 16384 bytes/],
    ['garbage', says('\x00\x01\x02 nothing like HTTP\r\n\r\n'), /not HTTP/],
    ['an SSH banner', says('SSH-2.0-OpenSSH_9.6\r\n'), /not HTTP/],
  ] as const) {
    test(`${what} is cloud-protocol`, async () => {
      const failed = await failure(options);
      assert.match(failed, /^cloud-protocol: /);
      assert.match(failed, text);
    });
  }
});

describe('a cloud that goes', () => {
  test('with FIN instead of an answer is cloud-unreachable', async () => {
    assert.match(await failure(says('')), /^cloud-unreachable: .*closed the connection/);
  });

  test('in the middle of its header is cloud-unreachable', async () => {
    assert.match(await failure(says('HTTP/1.1 101 Switching Proto')), /^cloud-(unreachable|protocol): /);
  });

  test('with RST instead of an answer is cloud-unreachable', async () => {
    const answer = (socket: net.Socket): void => void socket.resetAndDestroy();
    assert.match(await failure({ answer }), /^cloud-unreachable: .*closed the connection/);
  });

  test('before it says anything is cloud-unreachable', async () => {
    const onConnection = (socket: net.Socket): void => void socket.resetAndDestroy();
    assert.match(await failure({ onConnection }), /^cloud-unreachable/);
  });

  test('or was never there is cloud-unreachable', async () => {
    const port = await closedPort();
    const failed = await failureOf(tunnel(`ws://127.0.0.1:${port}/x`, port), 5_000, tlsContext(undefined));
    assert.match(failed, /^cloud-unreachable: .*refused/);
  });
});

describe('a cloud that takes its time is cloud-timeout at the deadline', () => {
  const drip = (socket: net.Socket): void => {
    const timer = setInterval(() => socket.write('X'), 20);
    socket.on('close', () => clearInterval(timer));
    socket.on('end', () => socket.end());
  };
  for (const [what, options] of [
    ['in silence', { answer: (socket: net.Socket) => void socket.resume() }],
    [
      'dripping headers',
      {
        answer: (socket: net.Socket) => {
          socket.write('HTTP/1.1 101 Switching Protocols\r\nX-Slow: ');
          drip(socket);
        },
      },
    ],
    [
      'with 102 again and again',
      {
        answer: (socket: net.Socket) => {
          const timer = setInterval(() => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 20);
          socket.on('close', () => clearInterval(timer));
        },
      },
    ],
  ] as const) {
    test(what, async () => {
      const startMs = performance.now();
      assert.match(await failure(options, { timeoutMs: SHORT_MS }), /^cloud-timeout: .*0\.4 s/);
      assert.ok(performance.now() - startMs >= SHORT_MS - 5);
    });
  }

  test('in the TLS handshake', async () => {
    const options = {
      onConnection: (socket: net.Socket): void => void socket.resume().on('end', () => socket.end()),
    };
    const url = (cloud: RawCloud): string => `wss://127.0.0.1:${cloud.port}/x`;
    assert.match(await failure(options, { timeoutMs: SHORT_MS, url }), /^cloud-timeout/);
  });
});

describe('TLS', () => {
  async function tlsFailure(flaws: Flaws, trusted = true, host = '127.0.0.1'): Promise<string> {
    const identity = await serverIdentity(flaws);
    const url = (cloud: RawCloud): string => cloud.url(host);
    return failure({ tls: identity.server }, { ...(trusted ? { ca: identity.ca } : {}), url });
  }

  test('with a good certificate is up, by name and by address', async () => {
    assert.equal(await tlsFailure({}), 'up');
    assert.equal(await tlsFailure({}, true, 'localhost'), 'up');
  });

  for (const [what, flaws, text] of [
    ['expired', { fromDays: -10, toDays: -1 }, /expired/],
    ['not valid yet', { fromDays: 1, toDays: 2 }, /not valid yet.*clock/],
    ['for another name', { names: [{ type: 'dns', value: 'other.example' }] }, /another host name/],
    [
      'naming its host as common name only',
      { names: [], commonName: 'localhost' },
      /no subject alternative name/,
    ],
    ['self-signed', { selfSigned: true }, /self-signed|trusted authority/],
  ] as const) {
    test(`with a certificate that is ${what} is cloud-tls`, async () => {
      const failed = await tlsFailure(flaws);
      assert.match(failed, /^cloud-tls: /);
      assert.match(failed, text);
    });
  }

  test('with an unknown authority is cloud-tls and names cloud.caFile', async () => {
    assert.match(await tlsFailure({}, false), /^cloud-tls: .*cloud\.caFile/);
  });

  test('1.1 only is cloud-tls', async () => {
    const { server, ca } = await serverIdentity();
    const old = { ...server, minVersion: 'TLSv1' as const, maxVersion: 'TLSv1.1' as const };
    assert.match(await failure({ tls: old }, { ca }), /^cloud-tls: /);
  });

  test('that wants a client certificate is cloud-tls', async () => {
    const { server, ca } = await serverIdentity();
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const strict = { ...server, requestCert: true, rejectUnauthorized: true, maxVersion };
      assert.match(await failure({ tls: strict }, { ca }), /^cloud-(tls|unreachable): /);
    }
  });

  test('to a port that speaks plain HTTP is cloud-tls', async () => {
    const url = (cloud: RawCloud): string => `wss://127.0.0.1:${cloud.port}/x`;
    const onConnection = (socket: net.Socket): void => {
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    };
    assert.match(await failure({ onConnection }, { url }), /^cloud-tls: /);
  });

  test('that ends in the handshake is cloud-unreachable', async () => {
    const url = (cloud: RawCloud): string => `wss://127.0.0.1:${cloud.port}/x`;
    for (const act of ['end', 'resetAndDestroy'] as const) {
      const onConnection = (socket: net.Socket): void => void socket.once('data', () => socket[act]());
      assert.match(await failure({ onConnection }, { url }), /^cloud-unreachable/);
    }
  });
});

test('the request carries what the service wants, and nothing it must not have', async () => {
  let request = '';
  const cloud = await new RawCloud({
    answer: (socket, text) => {
      request = text;
      cloud.upgrade(socket, text);
    },
  }).listen();
  assert.equal(await failureOf(tunnel(cloud.url(), cloud.port), 5_000, tlsContext(undefined)), 'up');
  assert.match(request, /^GET \/service\/remoteaccess\/device\/0123456789abcdef HTTP\/1\.1\r\n/);
  assert.match(request, /\r\nSec-WebSocket-Protocol: binary\r\n/);
  assert.match(request, /\r\nAuthorization: Basic c2VjcmV0LWNhbmFyeQ==\r\n/);
  assert.doesNotMatch(request, /Sec-WebSocket-Extensions/i);
  await cloud.close();
});

test('a dial that is aborted rejects with the reason and leaves nothing', async () => {
  const cloud = await new RawCloud({ answer: (socket) => void socket.resume() }).listen();
  const abort = new AbortController();
  const dial = dialCloud(tunnel(cloud.url(), cloud.port), tlsContext(undefined), 5_000, abort.signal);
  await untilTrue('a connection', () => cloud.connections.size === 1);
  const reason = new Error('cancelled by the test');
  abort.abort(reason);
  await assert.rejects(dial, reason);
  await untilTrue('no connection', () => cloud.connections.size === 0);
  await cloud.close();
});
