import assert from 'node:assert/strict';
import { serverIdentity } from '../../../helpers/certificates.js';
import type { RawCloud } from '../../../helpers/raw-cloud.js';
import { reset } from '../../injectors/reset.js';
import { ConnectProxy, join, type ProxyAnswer } from '../../rig/connect-proxy.js';
import type { Stand, StandOptions } from '../../rig/stand.js';
import { assertWithin } from '../../rig/time.js';
import type { Rig } from '../../rig.js';
import { plainUrl } from './endpoint.js';

const USER = 'proxy-user';
const PASSWORD = 'proxy-password-9f2c';

/** The proxy's credentials as its header has them. */
const AUTHORIZATION = Buffer.from(`${USER}:${PASSWORD}`).toString('base64');

interface ProxyParts {
  readonly proxy: ConnectProxy;
  readonly stand: Stand;
}

/** An agent that reaches its cloud through a proxy, and has its tunnels at another place. */
async function proxyStand(
  rig: Rig,
  remoteAccessUrl: string,
  options: StandOptions = {},
): Promise<ProxyParts> {
  const proxy = await ConnectProxy.listen();
  rig.atEnd(() => proxy.close());
  const cloud = { remoteAccessUrl, proxy: `http://${USER}:${PASSWORD}@127.0.0.1:${proxy.port}` };
  const secrets = [PASSWORD, AUTHORIZATION];
  const stand = await rig.start({
    ...options,
    secrets,
    sections: { cloud, limits: { connectTimeout: '3s' } },
  });
  return { proxy, stand };
}

/** Ways in which a proxy does not help, with what the reason says. */
const ANSWERS: readonly [what: string, answer: ProxyAnswer, says: RegExp][] = [
  [
    '407',
    (socket) => void socket.end('HTTP/1.1 407 Auth\r\nContent-Length: 0\r\n\r\n'),
    /credentials \(407\)/,
  ],
  ['403', (socket) => void socket.end('HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno'), /\(403\)/],
  ['502', (socket) => void socket.end('HTTP/1.1 502 Bad\r\n\r\n'), /\(502\)/],
  [
    'body',
    (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'),
    /bytes of its own/,
  ],
  ['garbage', (socket) => void socket.end('\x00\x01\x02 what?\r\n\r\n'), /ended the connection/],
  ['fin', (socket) => void socket.end(), /ended the connection/],
  ['reset', (socket) => reset(socket), /ended the connection/],
  ['silence', () => undefined, /within 3 s/],
];

/** E19 */
export async function unhelpfulProxy(rig: Rig): Promise<void> {
  const cloud = await rig.rawCloud();
  const authority = `127.0.0.1:${cloud.port}`;
  const { proxy, stand } = await proxyStand(rig, plainUrl(cloud));
  const target = await rig.streamTarget();
  for (const [what, answer, says] of ANSWERS) {
    proxy.answer(authority, answer);
    const { operation, ms } = await stand.expectFailed('cloud-proxy', target);
    assert.match(operation.failureReason ?? '', says, what);
    assertWithin(ms, what === 'silence' ? 3_100 : 500);
  }
  // What comes behind a good 200 is the cloud's: dropped there, it is the cloud that ended the connection.
  proxy.answer(authority, (socket) => void socket.end('HTTP/1.1 200 OK\r\n\r\n'));
  await stand.expectFailed('cloud-unreachable', target);
  await gone(proxy, stand, target);
  proxy.answer(authority, undefined);
  assert.equal((await stand.outcome(target)).operation.status, 'SUCCESSFUL');
  await cleanRequests(proxy, cloud, authority);
  stand.ledger.assertOneFinalStatusEach();
}

/** The proxy refuses: what is open through it stays, so the operation still arrives; the status may come later. */
async function gone(proxy: ConnectProxy, stand: Stand, target: { readonly port: number }): Promise<void> {
  proxy.goAway();
  const id = stand.operate(target);
  const { code } = await stand.agent.logged('session failed', { operationId: id });
  assert.equal(code, 'cloud-proxy');
  await proxy.comeBack();
  assert.match((await stand.final(id)).failureReason ?? '', /^cloud-proxy: .*cannot be reached/);
}

/** Each one's credentials go to that one only. */
async function cleanRequests(proxy: ConnectProxy, cloud: RawCloud, authority: string): Promise<void> {
  const request = (await cloud.peer()).request;
  assert.match(request, /^authorization: /im);
  assert.doesNotMatch(request, /proxy-authorization/i);
  assert.ok(!request.includes(AUTHORIZATION));
  const asked = proxy.requests.filter((head) => head.startsWith(`CONNECT ${authority} `));
  assert.ok(asked.length > 0);
  for (const head of asked) {
    assert.ok(head.includes(AUTHORIZATION));
    assert.doesNotMatch(head, /^authorization: /im);
  }
}

/** E20 */
export async function exemptHost(rig: Rig): Promise<void> {
  const cloud = await rig.rawCloud();
  const { proxy, stand } = await proxyStand(rig, plainUrl(cloud), { env: { NO_PROXY: '127.0.0.1' } });
  assert.equal((await stand.outcome(await rig.streamTarget())).operation.status, 'SUCCESSFUL');
  assert.deepEqual(proxy.requests, []);
}

/** E21 */
export async function interceptingProxy(rig: Rig): Promise<void> {
  const [own, proxys] = [await serverIdentity(), await serverIdentity()];
  const cloud = await rig.rawCloud({ tls: own.server });
  let requests = 0;
  const interceptor = await rig.rawCloud({ tls: proxys.server, answer: () => (requests += 1) });
  const { proxy, stand } = await proxyStand(rig, `https://localhost:${cloud.port}`);
  proxy.answer(`localhost:${cloud.port}`, (socket) => join(socket, interceptor.port));
  const { operation } = await stand.expectFailed('cloud-tls', await rig.streamTarget());
  assert.match(operation.failureReason ?? '', /not issued by a trusted authority/);
  assert.equal(requests, 0, 'no credentials were sent');
  stand.ledger.assertOneFinalStatusEach();
}
