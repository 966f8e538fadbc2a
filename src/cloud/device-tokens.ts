import type { Secret } from '../../contract/secret.js';
import type { Config, DeviceCertificate, TokenPlace } from '../config/config.js';
import type { Tokens } from './authorization.js';
import type { Backoff } from './backoff.js';
import type { CloudClock } from './cloud-clock.js';
import { mqttSettings } from './mqtt-settings.js';
import type { MqttUplink } from './mqtt-uplink.js';
import type { Timing } from './timing.js';
import { TokenBroker } from './token-broker.js';
import { TokenCache } from './token-cache.js';
import { TokenEndpoint } from './token-endpoint.js';
import { TokenFetcher } from './token-fetcher.js';
import type { TokenReplies } from './token-replies.js';
import type { OnTokenFetch, TokenWay } from './token-way.js';

export interface DeviceTokensParts {
  readonly config: Pick<Config, 'cloud' | 'device'>;
  readonly clock: CloudClock;
  readonly monotonic: () => number;
  readonly timing: Timing;
  readonly newBackoff: () => Backoff;
  readonly parseJson: (document: Buffer) => unknown;
  /** The intake's MQTT connection, and what it receives. Default: there is none. */
  readonly link?: { readonly uplink: MqttUplink; readonly replies: TokenReplies };
  /** Takes the place of `link` where tokens come over another connection. */
  readonly overLink?: (() => TokenWay) | undefined;
  /** Whether a connection with the device's client id may be opened. */
  readonly mayConnect: () => boolean;
  readonly onToken?: ((token: Secret, before: Secret | undefined) => void) | undefined;
  readonly onFetch?: OnTokenFetch | undefined;
}

/** Tokens for a device certificate, fetched where the configuration says, and kept. */
export function deviceTokens(certificate: DeviceCertificate | undefined, parts: DeviceTokensParts): Tokens {
  const { clock, monotonic, timing, onToken, onFetch = () => undefined } = parts;
  const places = certificate === undefined ? [] : parts.config.cloud.tokenPlaces;
  const ways = certificate === undefined ? [] : places.map((place) => wayTo(place, certificate, parts));
  const fetcher = new TokenFetcher({ ways, overLink: parts.overLink ?? (() => overLink(parts)), onFetch });
  const cache = new TokenCache({
    fetch: (signal) => fetcher.fetch(signal),
    cloudNow: () => clock.now(),
    monotonic,
    backoff: parts.newBackoff(),
    timing,
    onToken,
  });
  return {
    current: () => cache.current(),
    renewed: (refused) => cache.renewed(refused),
    close: () => {
      cache.close();
      void fetcher.close();
    },
  };
}

function wayTo(place: TokenPlace, certificate: DeviceCertificate, parts: DeviceTokensParts): TokenWay {
  const { config, timing, clock, parseJson, mayConnect } = parts;
  if (place.url.startsWith('https:'))
    return new TokenEndpoint({ place, certificate, trust: config.cloud, clock, parseJson });
  const identity = { login: () => undefined, certificate: () => certificate };
  const link = mqttSettings(config, timing, place, identity);
  return new TokenBroker({ link, deviceName: config.device.name, mayConnect });
}

function overLink({ link, config }: DeviceTokensParts): TokenWay | undefined {
  const open = link?.uplink.link;
  if (link === undefined || open === undefined) return undefined;
  return {
    kind: 'mqtt',
    fetch: (signal) => link.replies.ask(open, config.device.name, signal),
    close: () => Promise.resolve(),
  };
}
