import { randomBytes, randomUUID } from 'node:crypto';
import http from 'node:http';
import { configuredAuthorization } from '../../cloud/authorization.js';
import { EXIT } from '../../exit-codes.js';
import { at, dialCloud, dialTls, placeOf } from './dial.js';
import type { Diagnosis } from './fault.js';
import type { Outcome, Probe, ProbeContext } from './probe.js';
import { textAt } from './rest.js';
import { command, setting, word } from './setting.js';
import { wayFailure } from './way-fault.js';

/** Bytes of an error document that are read. */
const MAX_BODY_BYTES = 4_096;

/** Names of the service among the applications of a tenant, in small letters. */
const SERVICE = ['remoteaccess', 'cloud-remote-access'];

/** Whether the remote-access service takes the device's upgrade, tried with a key that nobody has. */
export const REMOTE_ACCESS_PROBE: Probe = {
  id: 'remote-access',
  title: 'remote-access service',
  deadlineMs: 15_000,
  needs: ['credentials'],
  run: tryUpgrade,
};

/** What came back. */
interface Answer {
  readonly status: number;
  /** `error` of its JSON document, such as `microservice/Not Found`; empty when there is none. */
  readonly error: string;
}

async function tryUpgrade(context: ProbeContext, signal: AbortSignal): Promise<Outcome> {
  const { config } = context;
  const url = config.cloud.remoteAccessUrl;
  const place = placeOf(url);
  try {
    const tcp = await dialCloud(config, place, signal);
    const socket = place.isTls ? await dialTls(tcp, place, config.cloud, signal) : tcp;
    const request = http.request({
      createConnection: () => socket,
      path: `/service/remoteaccess/device/${randomUUID()}`,
      headers: {
        host: new URL(url).host,
        authorization: configuredAuthorization(config.cloud) ?? '',
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': randomBytes(16).toString('base64'),
        'sec-websocket-protocol': 'binary',
      },
      signal,
    });
    const answer = await answerOf(request);
    socket.destroy();
    return judge(context, answer, at(place));
  } catch (error) {
    return wayFailure(context, { key: 'cloud.remoteAccessUrl', url }, signal.aborted ? signal.reason : error);
  }
}

async function answerOf(request: http.ClientRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.on('response', (response) => {
      readError(response).then((error) => resolve({ status: response.statusCode ?? 0, error }), reject);
    });
    request.on('upgrade', (_, socket) => {
      socket.destroy();
      resolve({ status: 101, error: '' });
    });
    request.on('error', reject);
    request.end();
  });
}

async function readError(response: http.IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response) {
    text += String(chunk);
    if (text.length > MAX_BODY_BYTES) return '';
  }
  try {
    return textAt(JSON.parse(text), 'error') ?? '';
  } catch {
    return '';
  }
}

function judge(context: ProbeContext, { status, error }: Answer, place: string): Outcome {
  const { applications } = context.facts;
  const isSubscribed =
    applications === undefined ? undefined : SERVICE.some((name) => applications.has(name));
  const isUnknownService = status === 404 && /^microservice\//i.test(error);
  if (isUnknownService || (isSubscribed === false && [403, 404].includes(status)))
    return { status: 'failed', ...notSubscribed(context, place, status), exit: EXIT.failed };
  switch (status) {
    case 101:
    case 404:
    case 410:
      // An unknown key is what 404 and 410 mean to a tenant that has the service.
      return { status: 'ok', detail: `${place} answers (${status} to a random key)` };
    case 401:
      return { status: 'failed', ...refused(context, place, status), exit: EXIT.refused };
    case 403:
      return { status: 'failed', ...refused(context, place, status), exit: EXIT.failed };
    default:
      return { status: 'failed', ...blocked(context, place, status), exit: EXIT.failed };
  }
}

function notSubscribed({ config }: ProbeContext, place: string, status: number): Diagnosis {
  const tenant = config.cloud.tenant === '' ? 'TENANT' : config.cloud.tenant;
  return {
    fault: 'remote-access-missing',
    detail: `${place} has no remote-access service for this tenant (${status})`,
    advice: 'the tenant is not subscribed to Cloud Remote Access',
    fixes: [
      command(
        'subscribe it, as the administrator of the tenant above, with go-c8y-cli (or in Administration, Tenants, Applications)',
        `c8y tenants enableApplication --tenant ${word(tenant)} --application remoteaccess`,
      ),
    ],
  };
}

function refused({ facts }: ProbeContext, place: string, status: number): Diagnosis {
  const user = facts.user ?? 'USER';
  return {
    fault: 'remote-access-refused',
    detail: `${place} does not let this device in (${status}), though REST does`,
    advice:
      status === 401
        ? 'the tunnel takes the same credentials as REST: something on the way changes the request'
        : 'the user is no device user, or the tenant is not subscribed to Cloud Remote Access',
    fixes: [
      command(
        'make it a device user, as an administrator, with go-c8y-cli',
        `c8y userreferences addUserToGroup --group devices --user ${word(user)}`,
      ),
      command(
        'see what the tenant is subscribed to',
        'c8y currenttenant get --select "applications.references.**.name"',
      ),
    ],
  };
}

function blocked({ origin, config }: ProbeContext, place: string, status: number): Diagnosis {
  return {
    fault: 'web-socket-blocked',
    detail: `${place} answers ${status} to a WebSocket upgrade`,
    advice:
      status >= 500
        ? 'the service restarts, or a proxy on the way does not let WebSockets through'
        : 'a proxy on the way does not let WebSockets through',
    fixes: [
      command(
        'let them through; for nginx these are the lines',
        'proxy_http_version 1.1;',
        'proxy_set_header Upgrade $http_upgrade;',
        'proxy_set_header Connection "upgrade";',
      ),
      setting(origin, 'cloud.remoteAccessUrl', new URL(config.cloud.url).origin, 'go to the tenant directly'),
    ],
  };
}
