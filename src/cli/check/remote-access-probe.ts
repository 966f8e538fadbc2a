import { randomBytes, randomUUID } from 'node:crypto';
import http from 'node:http';
import { configuredAuthorization } from '../../cloud/authorization.js';
import { EXIT } from '../../exit-codes.js';
import { dialCloud, dialTls, placeOf } from './dial.js';
import { connectionFailure } from './failure-text.js';
import { at } from './network-probes.js';
import type { Outcome, Probe, ProbeContext } from './probe.js';

/** Whether the remote-access service takes the device's upgrade, tried with a key that nobody has. */
export const REMOTE_ACCESS_PROBE: Probe = {
  id: 'remote-access',
  title: 'remote-access service',
  deadlineMs: 15_000,
  needs: ['credentials'],
  run: tryUpgrade,
};

async function tryUpgrade({ config }: ProbeContext, signal: AbortSignal): Promise<Outcome> {
  const place = placeOf(config.cloud.remoteAccessUrl);
  try {
    const tcp = await dialCloud(config, place, signal);
    const socket = place.isTls ? await dialTls(tcp, place, config.cloud, signal) : tcp;
    const request = http.request({
      createConnection: () => socket,
      path: `/service/remoteaccess/device/${randomUUID()}`,
      headers: {
        host: new URL(config.cloud.remoteAccessUrl).host,
        authorization: configuredAuthorization(config.cloud) ?? '',
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': randomBytes(16).toString('base64'),
        'sec-websocket-protocol': 'binary',
      },
      signal,
    });
    const status = await answerOf(request);
    socket.destroy();
    return judge(status, at(place));
  } catch (error) {
    return connectionFailure(at(place), signal.aborted ? signal.reason : error);
  }
}

async function answerOf(request: http.ClientRequest): Promise<number> {
  return new Promise((resolve, reject) => {
    request.on('response', ({ statusCode }) => resolve(statusCode ?? 0));
    request.on('upgrade', () => resolve(101));
    request.on('error', reject);
    request.end();
  });
}

function judge(status: number, place: string): Outcome {
  switch (status) {
    case 101:
    case 404:
    case 410:
      // An unknown key is what 404 and 410 mean to a tenant that has the service; without it, 404 looks the same.
      return { status: 'ok', detail: `${place} answers (${status} to a random key)` };
    case 401:
      return {
        status: 'failed',
        detail: `${place} refuses the credentials (401)`,
        advice:
          'the tunnel takes user and password or a device token, the same as REST: check cloud.user and tenant',
        exit: EXIT.refused,
      };
    case 403:
      return {
        status: 'failed',
        detail: `${place} does not let this device in (403)`,
        advice: 'subscribe the tenant to Cloud Remote Access, and let the user act for the device',
        exit: EXIT.failed,
      };
    default:
      return {
        status: 'failed',
        detail: `${place} answers ${status} to a WebSocket upgrade`,
        advice: 'check that the proxies in between let WebSockets through, and cloud.remoteAccessUrl',
        exit: EXIT.failed,
      };
  }
}
