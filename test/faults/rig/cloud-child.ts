import { startCloud, type Cloud } from '../../../simulator/cloud.js';
import type { CloudCall, CloudFacts, CloudStart } from './cloud-process.js';

/* The process of a cloud that a row kills or stops. It answers calls over the channel to the row's process. */

let cloud: Cloud | undefined;
let deviceId = '';

function reply(message: object): void {
  process.send?.(message);
}

async function start({ options, externalId, devicePassword }: CloudStart): Promise<CloudFacts> {
  cloud = await startCloud(options);
  const device = cloud.registerDevice(externalId, { password: devicePassword });
  deviceId = device.id;
  const { url, httpsUrl, mqttUrl, mqttsUrl, ca } = cloud;
  return { url, httpsUrl, mqttUrl, mqttsUrl, ca, device };
}

function answer(call: CloudCall): unknown {
  if (cloud === undefined) throw new Error('the cloud has not started');
  switch (call.kind) {
    case 'operate': {
      const { hostname = '127.0.0.1', port, key } = call;
      cloud.remoteAccess.answers.set(key, { status: 101 });
      const fragment = { hostname, port, connectionKey: key };
      return cloud.createOperation(deviceId, { c8y_RemoteAccessConnect: fragment }).id;
    }
    case 'operations':
      return cloud.platform.operations.list({});
    case 'requests':
      return cloud.requests.list();
  }
}

process.on('message', (message: { id: number; start?: CloudStart; call?: CloudCall }) => {
  const { id } = message;
  Promise.resolve()
    .then(() => (message.start === undefined ? answer(message.call as CloudCall) : start(message.start)))
    .then((value) => reply({ id, value }))
    .catch((error: unknown) => reply({ id, error: String(error) }));
});
process.on('disconnect', () => process.exit(0));
