import type { Cloud } from './cloud.js';
import { BOOTSTRAP } from './platform.js';

/**
 * What a person needs to use a cloud: addresses, who may log in, and calls to copy. It holds the operator's password,
 * which is made for this cloud and dies with it; print it to a terminal, never to a log.
 */
export function describeCloud(cloud: Cloud): string[] {
  const { tenant, user, password } = cloud.operator;
  const { url, httpsUrl, certificateUrl, mqttUrl, mqttsUrl } = cloud;
  const optional = (name: string, address: string | undefined) =>
    address === undefined ? [] : [`${name.padEnd(14)}${address}`];
  const curl = `curl -su '${tenant}/${user}:${password}'`;
  const json = "-H 'Content-Type: application/json' -H 'Accept: application/json'";
  const configuration = '{"name":"hmi","hostname":"127.0.0.1","port":5900,"protocol":"PASSTHROUGH"}';
  return [
    `${'HTTP'.padEnd(14)}${url}`,
    ...optional('HTTPS', httpsUrl),
    ...optional('certificates', certificateUrl),
    ...optional('MQTT', mqttUrl),
    ...optional('MQTT over TLS', mqttsUrl),
    `${'tenant'.padEnd(14)}${tenant}`,
    `${'operator'.padEnd(14)}${user}`,
    `${'password'.padEnd(14)}${password}`,
    `${'new devices'.padEnd(14)}${BOOTSTRAP.tenant}/${BOOTSTRAP.name}, password ${BOOTSTRAP.password}`,
    '',
    'Act as the operator, in a terminal of its own:',
    `  export C8Y_BASEURL='${url}' C8Y_TENANT='${tenant}'`,
    `  export C8Y_USER='${user}' C8Y_PASSWORD='${password}'`,
    '',
    'Devices that are there:',
    `  ${curl} '${url}/inventory/managedObjects?query=has(c8y_IsDevice)'`,
    'Give device ID an endpoint:',
    `  ${curl} ${json} -d '${configuration}' \\`,
    `    ${url}/service/remoteaccess/devices/ID/configurations`,
    'Open tunnels, and what goes wrong on purpose:',
    `  ${curl} ${url}/simulator/sessions`,
    `  ${curl} -X PUT ${json} -d '{"requests":[{"path":"/service/remoteaccess/device/*","status":503,"times":1}]}' \\`,
    `    ${url}/simulator/faults`,
  ];
}
