import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import tls from 'node:tls';
import { serverIdentity, type Flaws } from '../../../helpers/certificates.js';
import { eventually } from '../../../helpers/eventually.js';
import { OpensslServer } from '../../injectors/openssl-server.js';
import { reset } from '../../injectors/reset.js';
import { assertWithin } from '../../rig/time.js';
import type { Rig } from '../../rig.js';
import { endpointStand } from './endpoint.js';

const DAY_MS = 86_400_000;

/** E02 */
export async function silentBeforeTls(rig: Rig): Promise<void> {
  const { stand, target, use } = await endpointStand(rig, { connectTimeout: '3s' });
  const cloud = await rig.rawCloud({ onConnection: (socket) => socket.resume() });
  use(cloud.port);
  const { ms } = await stand.expectFailed('cloud-timeout', target);
  rig.figure('given up after ms', ms);
  assert.ok(ms >= 2_900, `${ms} ms`);
  assertWithin(ms, 3_100);
  stand.ledger.assertOneFinalStatusEach();
}

/** E03: at the first byte of the handshake, and before it. */
export async function endsInTls(rig: Rig): Promise<void> {
  const { stand, target, use } = await endpointStand(rig);
  const ends = [
    (socket: Socket) => void socket.once('data', () => socket.end()),
    (socket: Socket) => void socket.once('data', () => reset(socket)),
    (socket: Socket) => void socket.end(),
    (socket: Socket) => reset(socket),
  ];
  for (const onConnection of ends) {
    const cloud = await rig.rawCloud({ onConnection });
    use(cloud.port);
    const { ms } = await stand.expectFailed('cloud-unreachable', target);
    assertWithin(ms, 500);
  }
  stand.ledger.assertOneFinalStatusEach();
}

/** E04 and E08: what is wrong with the certificate, what the reason has to say, and whether its authority is trusted. */
const CERTIFICATES: readonly [what: string, flaws: Flaws, says: RegExp, trusted?: false][] = [
  ['expired', { fromDays: -3, toDays: -1 }, /expired/],
  ['not yet valid', { fromDays: 1 }, /not valid yet.*clock/],
  ['wrong host', { names: [{ type: 'dns', value: 'other.example' }] }, /another host name/],
  ['common name only', { names: [], commonName: 'localhost' }, /no subject alternative name/],
  ['self-signed', { selfSigned: true }, /self-signed/],
  ['unknown authority', {}, /not issued by a trusted authority/, false],
  ['no intermediate', { intermediate: 'missing' }, /not issued by a trusted authority/],
];

async function refused(rig: Rig, cases: typeof CERTIFICATES): Promise<void> {
  const made = await Promise.all(
    cases.map(async (each) => ({ each, identity: await serverIdentity(each[1]) })),
  );
  const good = await serverIdentity({ intermediate: 'sent' });
  const trusted = made.filter(({ each }) => each[3] !== false).map(({ identity }) => identity.ca);
  const { stand, target, use } = await endpointStand(rig, { trusted: [...trusted, good.ca] });
  let requests = 0;
  for (const { each, identity } of made) {
    const [what, , says] = each;
    const cloud = await rig.rawCloud({ tls: identity.server, answer: () => (requests += 1) });
    use(cloud.port);
    const { operation } = await stand.expectFailed('cloud-tls', target);
    assert.match(operation.failureReason ?? '', says, what);
  }
  assert.equal(requests, 0, 'no credentials were sent');
  use((await rig.rawCloud({ tls: good.server })).port);
  assert.equal((await stand.outcome(target)).operation.status, 'SUCCESSFUL', 'a good certificate is taken');
  stand.ledger.assertOneFinalStatusEach();
}

/** E04 */
export function badCertificates(rig: Rig): Promise<void> {
  return refused(rig, CERTIFICATES);
}

/** E08 */
export function weakKey(rig: Rig): Promise<void> {
  return refused(rig, [['RSA with 1024 bits', { key: 'rsa-1024' }, /too weak|key/]]);
}

/** E05 */
export async function expiresMeanwhile(rig: Rig): Promise<void> {
  const validMs = 8_000;
  const identity = await serverIdentity({ toDays: validMs / DAY_MS });
  const endsAtMs = Date.now() + validMs;
  const { stand, target, use } = await endpointStand(rig, { trusted: [identity.ca] });
  const cloud = await rig.rawCloud({ tls: identity.server });
  use(cloud.port);
  assert.equal((await stand.outcome(target)).operation.status, 'SUCCESSFUL');
  const peer = await cloud.peer();
  await eventually(() => Date.now() > endsAtMs + 1_000 || undefined, 'the end of the certificate');
  const socket = await target.socket();
  const echoed = new Promise((resolve) => socket.once('data', resolve));
  peer.send(Buffer.from('still here'));
  assert.equal(String(await echoed), 'still here');
  const { operation } = await stand.expectFailed('cloud-tls', target);
  assert.match(operation.failureReason ?? '', /expired/);
  assert.equal((await stand.agent.sessions()).filter(({ state }) => state === 'open').length, 1);
}

/** E06 */
export async function noCommonTls(rig: Rig): Promise<void> {
  const { server, ca } = await serverIdentity();
  const { stand, target, use } = await endpointStand(rig, { trusted: [ca] });
  const old: tls.TlsOptions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
  const anonymous: tls.TlsOptions = { maxVersion: 'TLSv1.2', ciphers: 'AECDH-AES128-SHA@SECLEVEL=0' };
  const clouds = [
    await rig.rawCloud({ tls: { ...server, ...old } }),
    await rig.rawCloud({ tls: { ...server, ...anonymous } }),
    await rig.rawCloud({ onConnection: (socket) => void socket.write('SSH-2.0-OpenSSH_9.2p1\r\n') }),
    await rig.rawCloud({
      onConnection: (socket) =>
        void socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    }),
  ];
  for (const cloud of clouds) {
    use(cloud.port);
    const { operation, ms } = await stand.expectFailed('cloud-tls', target);
    assert.match(operation.failureReason ?? '', /no common TLS version or cipher/);
    assertWithin(ms, 500);
  }
  stand.ledger.assertOneFinalStatusEach();
}

/** E07 */
export async function wantsClientCertificate(rig: Rig): Promise<void> {
  const identity = await serverIdentity();
  const { stand, target, use } = await endpointStand(rig, { trusted: [identity.ca] });
  for (const version of ['-tls1_2', '-tls1_3']) {
    const server = await OpensslServer.start(
      rig.folder,
      identity,
      version,
      '-Verify',
      '1',
      '-verify_return_error',
    );
    rig.atEnd(() => server.stop());
    use(server.port);
    const { operation } = await stand.expectFailed('cloud-tls', target);
    assert.match(
      operation.failureReason ?? '',
      /client certificate/,
      `${version} ${operation.failureReason}`,
    );
  }
  stand.ledger.assertOneFinalStatusEach();
}

/** E25: what is offered; and a server that wants nothing else than HTTP/2. */
export async function onlyHttp1(rig: Rig): Promise<void> {
  const identity = await serverIdentity();
  const { stand, target, use } = await endpointStand(rig, { trusted: [identity.ca] });
  const offers: string[][] = [];
  const ALPNCallback = ({ protocols }: { protocols: string[] }): string | undefined => {
    offers.push(protocols);
    return protocols.includes('h2') ? 'h2' : 'http/1.1';
  };
  use((await rig.rawCloud({ tls: { ...identity.server, ALPNCallback } })).port);
  assert.equal((await stand.outcome(target)).operation.status, 'SUCCESSFUL');
  assert.deepEqual(offers, [['http/1.1']]);
  use((await rig.rawCloud({ tls: { ...identity.server, ALPNProtocols: ['h2'] } })).port);
  await stand.expectFailed('cloud-tls', target);
}

/** E26: a ticket of a server that has another certificate by now does not spare that one the verification. */
export async function changedCertificate(rig: Rig): Promise<void> {
  const [good, other] = [await serverIdentity(), await serverIdentity()];
  const { stand, target, use } = await endpointStand(rig, { trusted: [good.ca] });
  const ticketKeys = Buffer.alloc(48, 7);
  const cloud = await rig.rawCloud({ tls: { ...good.server, ticketKeys } });
  use(cloud.port);
  for (let times = 0; times < 2; times++) {
    assert.equal((await stand.outcome(target)).operation.status, 'SUCCESSFUL');
    const { socket } = await cloud.peer();
    assert.ok(socket instanceof tls.TLSSocket && !socket.isSessionReused(), 'a handshake in full');
  }
  use((await rig.rawCloud({ tls: { ...other.server, ticketKeys } })).port);
  const { operation } = await stand.expectFailed('cloud-tls', target);
  assert.match(operation.failureReason ?? '', /not issued by a trusted authority/);
}
