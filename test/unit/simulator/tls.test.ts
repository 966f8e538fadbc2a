import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { Agent, fetch } from 'undici';
import { dial, LIMIT_MS } from '../../helpers/simulator/tunnel-ends.js';
import { runningCloud } from '../../helpers/simulator/running-cloud.js';
import { Authority } from '../../../simulator/tls/authority.js';

test('the server certificate is good for localhost and both loopback addresses', async (t) => {
  const { cloud } = await runningCloud(t);
  assert.equal(cloud.ca, undefined);
  const authority = await Authority.create();
  const server = await authority.issueServer('acme.example');
  const [root, leaf] = [new X509Certificate(authority.ca), new X509Certificate(server.cert)];
  assert.ok(root.ca);
  assert.ok(leaf.verify(root.publicKey));
  for (const name of ['localhost', 'acme.example']) assert.equal(leaf.checkHost(name), name);
  for (const address of ['127.0.0.1', '::1']) assert.equal(leaf.checkIP(address), address);
  assert.equal(leaf.checkHost('other.example'), undefined);
});

test('a device gets a token with its certificate, and no tunnel with the certificate alone', async (t) => {
  const { cloud, operator } = await runningCloud(t, { httpsPort: 0, certificatePort: 0 });
  const { key, cert } = await cloud.issueDeviceCertificate('gw-9');
  const post = async (tls: object): Promise<{ status: number; token: string }> => {
    const dispatcher = new Agent({ connect: { ca: cloud.ca ?? '', ...tls } });
    t.after(() => dispatcher.close());
    const response = await fetch(`${cloud.certificateUrl ?? ''}/devicecontrol/deviceAccessToken`, {
      method: 'POST',
      headers: { Accept: 'application/json' },
      dispatcher,
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    const { accessToken = '' } = (await response.json()) as { accessToken?: string };
    return { status: response.status, token: accessToken };
  };
  const good = await post({ key, cert });
  assert.equal(good.status, 200);
  assert.equal(cloud.platform.users.authenticate(`Bearer ${good.token}`)?.name, 'device_gw-9');
  assert.equal((await post({})).status, 401);
  const strangers = await Authority.create('Somebody else');
  assert.equal((await post(await strangers.issueDevice('gw-9'))).status, 401);
  const address = `${(cloud.certificateUrl ?? '').replace('https', 'wss')}/service/remoteaccess/device/some-key`;
  const outcome = await dial(address, {}, ['binary'], { ca: cloud.ca, key, cert });
  assert.equal('status' in outcome && outcome.status, 401);
  assert.ok(operator.startsWith('Basic '));
});

test('a tunnel over TLS is reset below TLS', async (t) => {
  const { cloud, device } = await runningCloud(t, { httpsPort: 0 });
  const address = `${(cloud.httpsUrl ?? '').replace('https', 'wss')}/service/remoteaccess/device/some-key`;
  cloud.faults.set({ requests: [{ instead: 'reset', times: 1 }] });
  const errors = await dial(address, { Authorization: device }, ['binary'], { ca: cloud.ca }).then(
    () => 'answered',
    (error: unknown) => (error as NodeJS.ErrnoException).code,
  );
  assert.equal(errors, 'ECONNRESET');
});
