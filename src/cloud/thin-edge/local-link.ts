import type { Config } from '../../config/config.js';
import type { MqttLinkOptions } from '../mqtt-link.js';
import type { Timing } from '../timing.js';

/**
 * A connection to the local broker of thin-edge.io. `suffix` makes its client id one of its own, so that no other client
 * of the broker, and no other generation of ours, is thrown out.
 */
export function localLink(
  { intake, cloud, thinEdge }: Pick<Config, 'intake' | 'cloud' | 'thinEdge'>,
  timing: Pick<Timing, 'mqttConnectMs' | 'mqttKeepAliveMs' | 'mqttAckMs'>,
  suffix: string,
): Omit<MqttLinkOptions, 'onMessage'> {
  const { user, password, ca, certificate } = thinEdge.broker;
  return {
    transport: {
      url: intake.mqttUrl,
      ca,
      minTlsVersion: cloud.minTlsVersion,
      // The broker is on this machine or on the plant network, never behind the proxy to the cloud.
      proxy: undefined,
      certificate: () => certificate,
      connectMs: timing.mqttConnectMs,
    },
    clientId: `gatehouse-${thinEdge.topicPrefix}-${suffix}`,
    login: () => (user === undefined ? undefined : { username: user, password: password?.reveal() ?? '' }),
    keepAliveMs: timing.mqttKeepAliveMs,
    ackMs: timing.mqttAckMs,
  };
}
