import { configuredAuthorization, proxyAuthorization } from '../cloud/authorization.js';
import type { Config } from '../config/config.js';
import type { Redactor } from './redaction.js';

/** Makes every secret of a configuration known to the redactor, also in the forms in which it goes onto the wire. */
export function registerSecrets(redactor: Redactor, { cloud, admin, thinEdge, plant }: Config): void {
  const { credentials } = cloud;
  if (credentials.kind === 'basic') redactor.add(credentials.password.reveal(), 'password');
  else if (credentials.kind === 'token') redactor.add(credentials.token.reveal(), 'token');
  else if (credentials.kind === 'certificate')
    redactor.add(credentials.certificate.key.reveal(), 'private-key');
  redactor.add(valueOf(configuredAuthorization(cloud) ?? ''), 'authorization');
  const { password: brokerPassword } = thinEdge.broker;
  if (brokerPassword !== undefined) redactor.add(brokerPassword.reveal(), 'mqtt-password');
  if (admin.token !== undefined) redactor.add(admin.token.reveal(), 'admin-token');
  if (plant?.password !== undefined) redactor.add(plant.password.reveal(), 'plant-password');
  // NO_PROXY may leave the proxy on the way to one of them only.
  const proxy = [
    cloud.proxy,
    cloud.remoteAccessProxy,
    cloud.mqttProxy,
    ...cloud.tokenPlaces.map((place) => place.proxy),
  ];
  registerProxy(
    redactor,
    proxy.find((each) => each !== undefined),
  );
}

function registerProxy(redactor: Redactor, proxy: Config['cloud']['proxy']): void {
  if (proxy?.password === undefined) return;
  redactor.add(proxy.password.reveal(), 'proxy-password');
  redactor.add(valueOf(proxyAuthorization(proxy) ?? ''), 'proxy-authorization');
}

/** `Basic x` without the scheme, which is no secret. */
function valueOf(header: string): string {
  return header.slice(header.indexOf(' ') + 1);
}
