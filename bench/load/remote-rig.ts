import { OperatorClient } from '../../src/cli/connect/operator-client.js';
import { operatorSettings } from '../../src/cli/connect/operator-settings.js';
import type { RemoteOptions } from './options.js';
import { Child } from './processes/child.js';
import type { CloudCalls } from './processes/cloud-process.js';
import { START_MS, type Rig } from './rig.js';

export interface RemoteRigOptions {
  readonly options: RemoteOptions;
  /** C8Y_TENANT, C8Y_USER, C8Y_PASSWORD or C8Y_TOKEN. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onLost: (sentence: string) => void;
}

/** The cloud end alone, dialling through somebody's tenant. @throws ConnectError when the tenant does not let us in. */
export async function startRemoteRig({ options, env, onLost }: RemoteRigOptions): Promise<Rig> {
  const { url, caFile, device, remoteAccess } = options;
  const client = new OperatorClient(operatorSettings({ url, caFile }, env));
  const cloudEnd = new Child<CloudCalls>({ name: 'the cloud end', file: 'cloud-process.js', onLost });
  try {
    await client.login();
    const deviceId = await client.findDevice(device);
    const { id: configurationId } = await client.findConfiguration(deviceId, remoteAccess);
    await cloudEnd.call('dial', { url, caFile, deviceId, configurationId }, START_MS);
    return { cloudEnd, local: undefined, stop: () => cloudEnd.stop() };
  } catch (error) {
    await cloudEnd.stop();
    throw error;
  } finally {
    await client.close();
  }
}
