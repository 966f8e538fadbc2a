import { existsSync } from 'node:fs';
import { Secret } from '../../../contract/secret.js';
import { BridgeState } from '../../cloud/thin-edge/bridge-health.js';
import { isTokenRefusal, tokenOf } from '../../cloud/thin-edge/bridge-tokens.js';
import { BridgeTopics } from '../../cloud/thin-edge/bridge-topics.js';
import { EXIT } from '../../exit-codes.js';
import { OperationFile, type OperationFileState } from '../thin-edge/operation-file.js';
import { messageOf } from './connection-error.js';
import { at, placeOf } from './dial.js';
import type { Fix } from './fault.js';
import { withLocalBroker, type Received } from './local-broker.js';
import type { Outcome, Probe, ProbeContext } from './probe.js';
import { command, setting, word } from './setting.js';

const DEADLINE_MS = 12_000;

/** Longest wait for a token, in ms. */
const TOKEN_MS = 8_000;

/** What intake thin-edge stands on, beside the way to the cloud. */
export const THIN_EDGE_PROBES: readonly Probe[] = [
  { id: 'local-broker', title: 'local broker', deadlineMs: DEADLINE_MS, needs: [], run: tryBroker },
  { id: 'bridge', title: 'bridge', deadlineMs: DEADLINE_MS, needs: ['local-broker'], run: tryBridge },
  { id: 'token', title: 'token', deadlineMs: DEADLINE_MS, needs: ['bridge'], run: tryToken },
  {
    id: 'operation-files',
    title: 'operation files',
    deadlineMs: DEADLINE_MS,
    needs: [],
    run: (context) => Promise.resolve(lookAtFiles(context)),
  },
];

async function tryBroker(context: ProbeContext, signal: AbortSignal): Promise<Outcome> {
  const { config, origin } = context;
  const place = at(placeOf(config.intake.mqttUrl));
  try {
    const topics = new BridgeTopics(config.thinEdge);
    const isOpen = await withLocalBroker(config, signal, (link) => link.subscribe(topics.operations));
    if (isOpen) return { status: 'ok', detail: `${place} lets us in and gives us ${topics.operations}` };
    return {
      status: 'failed',
      fault: 'local-broker-refuses',
      detail: `${place} refuses the subscription of ${topics.operations}`,
      advice: 'its access list has to let the agent read it',
      fixes: [command('in the access list of mosquitto', `topic read ${topics.operations}`)],
      exit: EXIT.failed,
    };
  } catch (error) {
    const cause = messageOf(error);
    const isRefusal = /CONNACK [45]/.test(cause);
    return {
      status: 'failed',
      fault: isRefusal ? 'local-broker-refuses' : 'local-broker-unreachable',
      detail: `${place}: ${cause}`,
      advice: isRefusal
        ? 'it wants a user and a password that it knows'
        : 'the broker of thin-edge.io does not run, or listens somewhere else',
      fixes: isRefusal ? loginFixes(context) : reachFixes(origin),
      exit: isRefusal ? EXIT.refused : EXIT.unreachable,
    };
  }
}

function loginFixes({ origin, config }: ProbeContext): Fix[] {
  const { user = 'gatehouse' } = config.thinEdge.broker;
  return [
    setting(origin, 'thinEdge.mqttUser', user, 'name a user that the broker knows'),
    setting(
      origin,
      'thinEdge.mqttPasswordFile',
      '/etc/gatehouse/mqtt-password',
      'and a file with its password',
    ),
  ];
}

function reachFixes(origin: ProbeContext['origin']): Fix[] {
  return [
    command('see whether it runs', 'systemctl status mosquitto'),
    command('see where thin-edge.io looks for it', 'tedge config list mqtt.client'),
    setting(origin, 'intake.mqttUrl', 'mqtt://127.0.0.1:1883', 'name the right place'),
  ];
}

/** What mosquitto tells of any bridge that has no topic of its own for it. */
const MOSQUITTO_STATE = '$SYS/broker/connection/';

/** Retained messages come before the acknowledgement of the next subscription. */
async function tryBridge({ config }: ProbeContext, signal: AbortSignal): Promise<Outcome> {
  const topics = new BridgeTopics(config.thinEdge);
  const state = new BridgeState();
  const told = await withLocalBroker(config, signal, async (link, inbox) => {
    for (const topic of [...topics.health, `${MOSQUITTO_STATE}+/state`, topics.errors])
      await link.subscribe(topic);
    const own = inbox.messages.filter(({ topic }) => topics.health.includes(topic));
    const others = inbox.messages.filter(({ topic }) => topic.startsWith(MOSQUITTO_STATE));
    const messages = own.length > 0 ? own : others;
    for (const { topic, payload } of messages) state.take(topic, payload);
    return messages.length;
  });
  if (told === 0) return { status: 'skipped', detail: `no bridge tells on ${topics.health.join(' or ')}` };
  if (!state.isDown) return { status: 'ok', detail: 'up' };
  return {
    status: 'failed',
    fault: 'bridge-down',
    detail: 'thin-edge.io has no connection to the cloud',
    advice: 'operations and statuses wait until it has',
    fixes: [
      command('let thin-edge.io say why', 'sudo tedge connect c8y --test'),
      command('connect it anew', 'sudo tedge reconnect c8y'),
    ],
    exit: EXIT.unreachable,
  };
}

/** The tunnel's token, in the way that the agent gets it; the probes behind this one use it. */
async function tryToken(context: ProbeContext, signal: AbortSignal): Promise<Outcome> {
  const { config, origin } = context;
  const { kind } = config.cloud.credentials;
  if (kind !== 'thin-edge') return { status: 'skipped', detail: 'the credentials need none' };
  const topics = new BridgeTopics(config.thinEdge);
  const own = new AbortController();
  const timer = setTimeout(() => own.abort(), TOKEN_MS);
  const onAbort = (): void => own.abort();
  signal.addEventListener('abort', onAbort);
  try {
    const answer = await withLocalBroker(config, signal, async (link, inbox) => {
      for (const topic of [topics.token, topics.errors]) await link.subscribe(topic);
      await link.publish(topics.tokenRequest, '');
      return inbox.find((message) => tokenIn(topics, message) !== undefined, own.signal);
    });
    const found = answer === undefined ? undefined : tokenIn(topics, answer);
    if (found === undefined || found === 'refused') return tokenMissing(origin, found === 'refused');
    context.config = { ...config, cloud: { ...config.cloud, credentials: { kind: 'token', token: found } } };
    return { status: 'ok', detail: 'the bridge brought one' };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

function tokenIn(topics: BridgeTopics, { topic, payload }: Received): Secret | 'refused' | undefined {
  if (topic === topics.errors && isTokenRefusal(payload)) return 'refused';
  const token = topic === topics.token ? tokenOf(payload) : undefined;
  return token === undefined ? undefined : new Secret(token);
}

function tokenMissing(origin: ProbeContext['origin'], isRefused: boolean): Outcome {
  return {
    status: 'failed',
    fault: 'token-missing',
    detail: isRefused
      ? 'the cloud gives this device none'
      : `the bridge brought none within ${TOKEN_MS / 1_000} s`,
    advice: isRefused
      ? 'thin-edge.io logs in with a password, and tokens are for certificates'
      : 'the bridge has no topics for tokens, or the cloud does not answer',
    fixes: [
      command(
        'if thin-edge.io logs in with a password, let it say so; its credentials file is used then',
        'sudo tedge config set c8y.auth_method basic',
      ),
      command('see how it is connected', 'sudo tedge connect c8y --test'),
      setting(origin, 'cloud.user', 'USER', 'or give credentials for the tunnel, with cloud.passwordFile'),
    ],
    exit: EXIT.refused,
  };
}

const TROUBLE: Readonly<Record<OperationFileState, string | undefined>> = {
  ours: undefined,
  declared: undefined,
  stock: 'runs the plug-in of thin-edge.io, which answers every operation as well',
  program: 'runs another program, which answers every operation as well',
  missing: 'is missing, so the cloud offers no remote access',
  unusable: 'cannot be read',
};

function lookAtFiles({ config }: ProbeContext): Outcome {
  const { configDirectory } = config.thinEdge;
  if (!existsSync(configDirectory))
    return { status: 'skipped', detail: `${configDirectory} is not on this machine` };
  const children = config.device.children.map(({ externalId }) => externalId);
  const files = [undefined, ...children].map((child) => new OperationFile(configDirectory, child));
  const bad = files.flatMap((file) => {
    const trouble = TROUBLE[file.state().state];
    return trouble === undefined ? [] : [{ child: file.child, text: `${file.path} ${trouble}` }];
  });
  const [first] = bad;
  if (first === undefined) return { status: 'ok', detail: `${files.length} only declare remote access` };
  const more = bad.length === 1 ? '' : `, and ${bad.length - 1} more`;
  const named = children.length === 0 ? '' : ` --child ${children.map(word).join(' ')}`;
  const directory = configDirectory === '/etc/tedge' ? '' : ` --config-dir ${word(configDirectory)}`;
  return {
    status: 'failed',
    fault: 'operation-file',
    detail: `${first.text}${more}`,
    advice: 'thin-edge.io is to declare remote access and leave it to Gatehouse',
    fixes: [
      command(
        'take it over, then let the mapper read the files',
        `sudo gatehouse thin-edge install${directory}${named}`,
        'sudo systemctl restart tedge-mapper-c8y',
      ),
    ],
    exit: EXIT.failed,
  };
}
