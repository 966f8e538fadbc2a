import { NOT_WRITTEN, type Row } from '../row.js';
import { notThere } from './e-tunnel-dial/connect.js';

/** Family E: the way to an open tunnel: TCP, proxy, TLS, upgrade. */
export const rows: readonly Row[] = [
  {
    id: 'E01',
    fault: 'the tunnel endpoint refuses, is silent, unreachable, or has no address',
    required: 'FAILED cloud-unreachable or cloud-timeout with the cause',
    tier: 'fast',
    needs: ['nft', 'ip'],
    run: notThere,
  },
  {
    id: 'E02',
    fault: 'the cloud accepts and is silent before TLS',
    required: 'FAILED cloud-timeout at the absolute deadline',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'E03',
    fault: 'the cloud closes or resets in the TLS handshake',
    required: 'FAILED cloud-unreachable',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'E04',
    fault:
      'certificate expired, not yet valid, for another host, with a common name only, self-signed, of an unknown authority, without its intermediate',
    required: 'FAILED cloud-tls, each with its cause; no request is sent',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'E05',
    fault: 'the certificate expires during a session',
    required: 'the session goes on; the next dial fails',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'E06',
    fault: 'only TLS 1.1, no common cipher, plain HTTP or SSH on the port',
    required: 'FAILED cloud-tls',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'E07',
    fault: 'the server demands a client certificate, TLS 1.2 and 1.3',
    required: 'FAILED cloud-tls that names the client certificate',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'E08',
    fault: "the server's key is RSA with 1024 bits",
    required: 'FAILED cloud-tls',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'E09',
    fault: 'the upgrade is answered 200, 204 or a redirect',
    required: 'FAILED cloud-protocol; no redirect is followed',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'E10',
    fault: 'the upgrade is answered with each of the usual errors',
    required: 'each status has its code; 429, 502, 503 and 504 are tried once more, never after a 101',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'E11',
    fault: 'an error with a body of 10 MB, or one that never ends',
    required: 'a few KiB are read, then the connection is destroyed; the body is not logged',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'E12',
    fault: 'wrong Sec-WebSocket-Accept, no Upgrade header, HTTP/1.0, garbage, 200 KB of headers',
    required: 'FAILED cloud-protocol',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'E13',
    fault: 'the subprotocol is missing or another one',
    required: 'FAILED cloud-protocol that names it',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'E14',
    fault: 'an extension that was not offered',
    required: 'FAILED cloud-protocol',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'E15',
    fault: 'response headers one byte at a time',
    required: 'FAILED cloud-timeout at the absolute deadline',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'E16',
    fault: 'the 101 has frames glued behind it',
    required: 'delivered, none lost',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'E17',
    fault: '101, then at once a close frame, FIN or RST',
    required:
      'before the target is connected: FAILED cloud-protocol; afterwards an ordinary end of the session',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'E18',
    fault: 'the cloud sends before the target is connected',
    required: 'held back, delivered in order once it is',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'E19',
    fault:
      'the proxy refuses, is silent, answers 407, 403, 502, a 200 with a body, drops after it, or talks nonsense',
    required: 'FAILED cloud-proxy within the deadline; its credentials never reach the cloud',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'E20',
    fault: 'a proxy is set and the host is exempt from it',
    required: 'the cloud is dialled directly',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'E21',
    fault: 'the proxy intercepts TLS with an authority of its own',
    required: 'FAILED cloud-tls',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'E22',
    fault: 'both sides fail',
    required: 'the first failure is reported, the other attempt is cancelled within 100 ms',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'E23',
    fault: "the target is connected and the cloud's side fails",
    required: 'the target sees FIN, no RST',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'E24',
    fault: "the cloud's side is open and the target fails",
    required: 'the tunnel is closed with 1011 and the code',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'E25',
    fault: 'the server would choose HTTP/2 by ALPN',
    required: 'HTTP/1.1 is all that is offered',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'E26',
    fault: 'a session ticket of a server whose certificate has changed',
    required: 'verified in full again',
    notRun: NOT_WRITTEN,
  },
];
