import assert from 'node:assert/strict';
import { createServer as createTlsServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { serverIdentity, type Flaws } from '../../../helpers/certificates.js';
import { eventually } from '../../../helpers/eventually.js';
import { isMeta } from '../../injectors/http-bender.js';
import type { Rig } from '../../rig.js';
import { assertWithin } from '../../rig/time.js';
import { BACK_MS, bent, down, HANDSHAKE, NOTIFICATIONS, works } from '../control/link.js';

/** What a reply of any size may cost, in bytes: the bound of 4 MiB, its parts, and what the collector leaves. */
const MOST_BYTES = 64 * 1_048_576;

/** A23: a hundred megabytes, plain and packed. */
export async function enormous(rig: Rig): Promise<void> {
  const { stand, bender } = await bent(rig);
  const before = await stand.agent.residentBytes();
  bender.bend = (request, response) => {
    if (request.path !== NOTIFICATIONS) return undefined;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(Buffer.alloc(100_000_000, '['));
    return true;
  };
  stand.cloud.forgetRealtimeSessions();
  await down(stand.agent, /answered with more than 4194304 bytes/, BACK_MS);
  const packed = gzipSync(Buffer.alloc(100_000_000, ' '));
  bender.bend = (request, response) => {
    if (request.path !== NOTIFICATIONS) return undefined;
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
    response.end(packed);
    return true;
  };
  await down(stand.agent, /something that is not JSON/, BACK_MS);
  const grown = (await stand.agent.residentBytes()) - before;
  rig.figure('grown MiB', grown / 1_048_576);
  assert.ok(grown < MOST_BYTES, `${grown} bytes more`);
  assert.ok((await stand.agent.metric('gatehouse_control_violations_total{kind="oversized"}')) >= 1);
  bender.bend = () => undefined;
  await stand.agent.ready(BACK_MS);
  await works(stand, await rig.target());
}

/** A24: the answer to the handshake comes one byte a second. */
export async function slowLoris(rig: Rig): Promise<void> {
  const { stand, bender } = await bent(rig, { launch: false });
  const timers = new Set<NodeJS.Timeout>();
  rig.atEnd(() => timers.forEach((timer) => clearInterval(timer)));
  let startedAt = 0;
  bender.bend = (request, response) => {
    if (!isMeta(request, HANDSHAKE)) return undefined;
    startedAt = performance.now();
    response.writeHead(200, { 'content-type': 'application/json' });
    timers.add(setInterval(() => response.write(' '), 1_000));
    return true;
  };
  await stand.launch({ waitForLink: false });
  await down(stand.agent, /took longer than 30000 ms/, 60_000);
  const ms = performance.now() - startedAt;
  rig.figure('given up after ms', ms);
  assertWithin(ms, 30_000);
  bender.bend = () => undefined;
  await stand.agent.ready(BACK_MS);
  await works(stand, await rig.target());
}

const CERTIFICATES: readonly (readonly [string, Flaws, boolean, RegExp])[] = [
  [
    'expired',
    { fromDays: -9, toDays: -1 },
    true,
    /certificate has expired .*the gateway's clock says \d{4}-/,
  ],
  ['early', { fromDays: 5 }, true, /certificate is not valid yet .*the gateway's clock says \d{4}-/],
  [
    'wrong host',
    { names: [{ type: 'dns', value: 'other.test' }] },
    true,
    /certificate is for another host name/,
  ],
  ['self-signed', { selfSigned: true }, true, /certificate is self-signed/],
  ['unknown authority', {}, false, /certificate is not from a trusted authority/],
];

/** A18: certificates that must not be trusted. */
export async function badCertificates(rig: Rig): Promise<void> {
  for (const [name, flaws, isTrusted, reason] of CERTIFICATES) {
    const identity = await serverIdentity(flaws);
    const received: number[] = [];
    const server = createTlsServer(identity.server, (socket) => {
      socket.on('error', () => undefined).on('data', (chunk: Buffer) => received.push(chunk.length));
    });
    server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const caFile = path.join(rig.folder, `${name.replace(' ', '-')}.pem`);
    writeFileSync(caFile, identity.ca);
    const url = `https://localhost:${(server.address() as AddressInfo).port}`;
    const stand = await rig.start({
      sections: { cloud: { url, ...(isTrusted ? { caFile } : {}) } },
      waitForLink: false,
    });
    const { level } = await down(stand.agent, reason);
    assert.equal(level, 'error', name);
    await eventually(() => received.length === 0 || undefined, `no credentials (${name})`, 1);
    await stand.end();
    server.close();
  }
}
