import { MAX_REPLY_BYTES } from '../../../contract/limits.js';
import { credentialsOf } from '../../cloud/authorization.js';
import { CloudClock } from '../../cloud/cloud-clock.js';
import { parseJson } from '../../cloud/json-document.js';
import { MqttRegistration } from '../../cloud/mqtt-registration.js';
import { REGISTRATION_REQUEST_MS, RestRegistration, type Registration } from '../../cloud/registration.js';
import { RestClient } from '../../cloud/rest-client.js';
import { DEFAULT_TIMING } from '../../cloud/timing.js';
import type { Config } from '../../config/config.js';

/** The way to ask for credentials; `config` logs in as the bootstrap user. */
export function registrationOf({ cloud, device, intake }: Config, overMqtt: boolean): Registration {
  const credentials = credentialsOf(cloud);
  const { externalId } = device;
  if (!overMqtt) {
    const rest = new RestClient({
      cloud,
      credentials,
      clock: new CloudClock({ now: Date.now }),
      parseJson: (document) => parseJson(document, { maxBytes: MAX_REPLY_BYTES }),
      requestMs: REGISTRATION_REQUEST_MS,
    });
    return new RestRegistration(rest, externalId);
  }
  const { ca, minTlsVersion, mqttProxy: proxy } = cloud;
  const { mqttConnectMs: connectMs, mqttKeepAliveMs: keepAliveMs, mqttAckMs: ackMs } = DEFAULT_TIMING;
  return new MqttRegistration({
    transport: { url: intake.mqttUrl, ca, minTlsVersion, proxy, connectMs },
    clientId: `d:${externalId}`,
    login: () => credentials.mqttLogin(),
    keepAliveMs,
    ackMs,
  });
}
