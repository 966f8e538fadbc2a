import type { Config, DeviceCertificate, TokenPlace } from '../config/config.js';
import type { MqttLinkOptions } from './mqtt-link.js';
import type { Timing } from './timing.js';

/** What a connection to the MQTT endpoint is made of, for the intake and for tokens alike. */
export function mqttSettings(
  config: Pick<Config, 'cloud' | 'device'>,
  timing: Timing,
  place: TokenPlace,
  identity: {
    readonly login: MqttLinkOptions['login'];
    readonly certificate: () => DeviceCertificate | undefined;
  },
): Omit<MqttLinkOptions, 'onMessage'> {
  return {
    transport: {
      ...place,
      ca: config.cloud.ca,
      minTlsVersion: config.cloud.minTlsVersion,
      certificate: identity.certificate,
      connectMs: timing.mqttConnectMs,
    },
    clientId: `d:${config.device.externalId}`,
    login: identity.login,
    keepAliveMs: timing.mqttKeepAliveMs,
    ackMs: timing.mqttAckMs,
  };
}
