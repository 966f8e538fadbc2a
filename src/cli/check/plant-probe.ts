import type { PlantConfig } from '../../config/config.js';
import { EXIT } from '../../exit-codes.js';
import { openPlantLink } from '../../plant/plant-link.js';
import { readingOf, type SwitchReading } from '../../switch/switch-value.js';
import { messageOf } from './connection-error.js';
import { at, placeOf } from './dial.js';
import type { Fix } from './fault.js';
import type { Outcome, ProbeContext } from './probe.js';
import { command, setting, word } from './setting.js';

export interface PlantProbe {
  readonly plant: PlantConfig;
  /** What the agent subscribes to. */
  readonly filters: readonly string[];
  /** The one of them that is the hard switch. */
  readonly switchTopic: string | undefined;
  readonly signal: AbortSignal;
}

/** Logs in at the plant's broker, subscribes like the agent, and reads the switch. */
export async function tryPlantBroker(
  { origin }: ProbeContext,
  { plant, filters, switchTopic, signal }: PlantProbe,
): Promise<Outcome> {
  const place = at(placeOf(plant.mqttUrl));
  let reading: SwitchReading | undefined;
  try {
    const onMessage = (topic: string, payload: Buffer): void => {
      if (topic === switchTopic) reading = readingOf(payload);
    };
    const link = await openPlantLink(plant, onMessage, signal);
    try {
      for (const filter of filters) {
        if (!(await link.subscribe(filter))) return refusedTopic(place, filter);
      }
      // What is retained comes before the answer to a ping behind the subscription.
      await Promise.race([link.ping(), link.closed]);
    } finally {
      await link.close();
    }
  } catch (error) {
    return unreachable(origin, place, messageOf(error));
  }
  if (switchTopic === undefined) return { status: 'ok', detail: `${place} lets us in` };
  const publish = command('turn it on', publishCommand(plant, origin.plantCaFile, switchTopic));
  return switchOutcome(`${place}: ${switchTopic}`, publish, reading);
}

/** What the agent logs in with; the password is to be filled in. */
function publishCommand({ mqttUrl, user }: PlantConfig, caFile: string | undefined, topic: string): string {
  const { host, port, isTls } = placeOf(mqttUrl);
  return [
    `mosquitto_pub -h ${word(host)} -p ${port}`,
    ...(user === undefined ? [] : [`-u ${word(user)} -P PASSWORD`]),
    // Without either, mosquitto_pub would speak no TLS at all.
    ...(isTls ? [caFile === undefined ? '--capath /etc/ssl/certs' : `--cafile ${word(caFile)}`] : []),
    `-q 1 -r -t ${word(topic)} -m on`,
  ].join(' ');
}

function switchOutcome(place: string, publish: Fix, reading: SwitchReading | undefined): Outcome {
  if (reading?.isOn === true) return { status: 'ok', detail: `${place} says on` };
  if (reading?.why === 'says off')
    return { status: 'ok', detail: `${place} says off: no session is let in`, fixes: [publish] };
  return {
    status: 'failed',
    fault: 'switch-unreadable',
    detail: `${place} ${reading?.why ?? 'has no retained message'}`,
    advice: 'what cannot be read is off: no session is let in',
    fixes: [publish],
    exit: EXIT.failed,
  };
}

function refusedTopic(place: string, filter: string): Outcome {
  return {
    status: 'failed',
    fault: 'plant-broker-refuses',
    detail: `${place} refuses the subscription of ${filter}`,
    advice: 'its access list has to let the agent read it',
    fixes: [command('in the access list of mosquitto', `topic read ${filter}`)],
    exit: EXIT.failed,
  };
}

function unreachable(origin: ProbeContext['origin'], place: string, cause: string): Outcome {
  const isRefusal = /CONNACK [45]/.test(cause);
  return {
    status: 'failed',
    fault: isRefusal ? 'plant-broker-refuses' : 'plant-broker-unreachable',
    detail: `${place}: ${cause}`,
    advice: isRefusal
      ? 'it wants a user and a password that it knows'
      : 'without it a switch on it is off, and nobody can approve over it',
    fixes: isRefusal
      ? [
          setting(origin, 'plant.mqttUser', 'gatehouse', 'name a user that the broker knows'),
          setting(
            origin,
            'plant.mqttPasswordFile',
            '/etc/gatehouse/plant-password',
            'and a file with its password',
          ),
        ]
      : [
          command('see whether it runs', 'systemctl status mosquitto'),
          setting(origin, 'plant.mqttUrl', 'mqtt://127.0.0.1:1883', 'name the right place'),
        ],
    exit: isRefusal ? EXIT.refused : EXIT.failed,
  };
}
