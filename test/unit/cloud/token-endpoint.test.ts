import assert from 'node:assert/strict';
import https from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { test, type TestContext } from 'node:test';
import { Authority } from '../../../simulator/tls/authority.js';
import { Secret } from '../../../contract/secret.js';
import { CloudClock } from '../../../src/cloud/cloud-clock.js';
import { RestError } from '../../../src/cloud/rest-error.js';
import { TokenEndpoint } from '../../../src/cloud/token-endpoint.js';

interface Asked {
  readonly request: IncomingMessage;
  /** Common name of the certificate that was shown. */
  readonly device: string;
}

/** An access token endpoint that answers like this, and a device with a certificate (twice, as if it had a chain). */
async function started(
  t: TestContext,
  answer: (response: ServerResponse) => void,
  certificates = 1,
): Promise<{ endpoint: TokenEndpoint; asked: Asked[]; clock: CloudClock }> {
  const authority = await Authority.create('Plant devices');
  const asked: Asked[] = [];
  const options = { ...(await authority.issueServer()), ca: authority.ca, requestCert: true };
  const server = https.createServer(options, (request, response) => {
    const socket = request.socket as Partial<Pick<TLSSocket, 'getPeerCertificate'>>;
    asked.push({ request, device: String(socket.getPeerCertificate?.().subject.CN) });
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { key, cert } = await authority.issueDevice('gw-7');
  const clock = new CloudClock({ now: Date.now });
  const endpoint = new TokenEndpoint({
    place: { url: `https://localhost:${(server.address() as AddressInfo).port}`, proxy: undefined },
    certificate: {
      chain: Array<string>(certificates).fill(cert).join('\n'),
      key: new Secret(key),
      commonName: 'gw-7',
      validFromMs: 0,
      validToMs: 0,
    },
    trust: { ca: authority.ca, minTlsVersion: 'TLSv1.2' },
    clock,
    parseJson: (document) => JSON.parse(document.toString()) as unknown,
  });
  t.after(async () => {
    await endpoint.close();
    server.closeAllConnections();
    server.close();
  });
  return { endpoint, asked, clock };
}

const { signal } = new AbortController();

test('the certificate is shown, nothing else is sent, and the clock of the cloud is read', async (t) => {
  const { endpoint, asked, clock } = await started(t, (response) => {
    response.setHeader('Date', new Date(Date.now() - 3_600_000).toUTCString());
    response.end('{"accessToken":"a.b.c"}');
  });
  assert.equal(await endpoint.fetch(signal), 'a.b.c');
  const [{ request, device } = assert.fail('nobody asked')] = asked;
  assert.equal(`${String(request.method)} ${String(request.url)}`, 'POST /devicecontrol/deviceAccessToken');
  assert.equal(device, 'gw-7');
  assert.equal(request.headers.accept, 'application/json');
  assert.equal(request.headers.authorization, undefined);
  assert.equal(request.headers['x-ssl-cert-chain'], undefined);
  assert.ok(Math.abs(Date.now() - 3_600_000 - clock.now()) < 5_000);
});

test('a chain goes along in the header of the platform, on one line', async (t) => {
  const { endpoint, asked } = await started(t, (response) => response.end('{"accessToken":"a.b.c"}'), 2);
  await endpoint.fetch(signal);
  const header = String(asked[0]?.request.headers['x-ssl-cert-chain']);
  assert.match(
    header,
    /^-----BEGIN CERTIFICATE----- [\w+/= ]+ -----END CERTIFICATE----- -----BEGIN CERTIFICATE----- /,
  );
});

const REFUSALS: readonly [string, (response: ServerResponse) => void, RegExp][] = [
  [
    'a certificate that is not accepted',
    (response) => response.writeHead(401).end(),
    /does not accept the certificate of "gw-7" \(401\)/,
  ],
  [
    'no endpoint',
    (response) => response.writeHead(404).end(),
    /has no token endpoint \(404\); set cloud\.tokenUrl/,
  ],
  ['a failing cloud', (response) => response.writeHead(503).end(), /answered 503/],
  ['an answer without a token', (response) => response.end('{}'), /answered without a token/],
  [
    'a token that no header can hold',
    (response) => response.end('{"accessToken":"a\\r\\nb"}'),
    /without a token/,
  ],
  ['an answer that is no JSON', (response) => response.end('<html>'), /something that is not JSON/],
];
for (const [title, answer, expected] of REFUSALS) {
  test(`${title} is told in words`, async (t) => {
    const { endpoint } = await started(t, answer);
    const error: unknown = await endpoint.fetch(signal).catch((reason: unknown) => reason);
    assert.ok(error instanceof RestError);
    assert.match(error.message, expected);
  });
}
