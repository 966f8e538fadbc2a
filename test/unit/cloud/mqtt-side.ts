import type { TestContext } from 'node:test';
import type { Config } from '../../../src/config/config.js';
import { cloudConfig, deviceConfig, deviceSide, type Side } from './fixtures.js';
import { ScriptedBroker } from './scripted-broker.js';
import { ScriptedCloud } from './scripted-cloud.js';

/** The topic that operations arrive on. */
export const OPERATIONS = 'devicecontrol/notifications';

export interface Started {
  readonly cloud: ScriptedCloud;
  readonly broker: ScriptedBroker;
  readonly side: Side;
  readonly gatewayId: string;
}

export interface Wishes {
  readonly kind?: 'mqtt' | 'mqtts' | 'ws';
  readonly prepare?: (broker: ScriptedBroker, cloud: ScriptedCloud) => void;
  readonly options?: Parameters<typeof deviceSide>[1];
  readonly children?: string[];
  readonly overrides?: Partial<Config['cloud']>;
  readonly mqttUrl?: (broker: ScriptedBroker) => string;
}

/** A device side on MQTT between a scripted broker and a scripted cloud; all of it ends with the test. */
export async function started(t: TestContext, wishes: Wishes = {}): Promise<Started> {
  const broker = await ScriptedBroker.start(wishes.kind);
  const cloud = await ScriptedCloud.start();
  const gatewayId = cloud.addDevice('gw-7');
  wishes.prepare?.(broker, cloud);
  const mqttUrl = wishes.mqttUrl?.(broker) ?? `mqtt://127.0.0.1:${broker.port}`;
  const side = deviceSide(
    {
      cloud: cloudConfig(cloud.url, wishes.overrides),
      device: deviceConfig(wishes.children),
      intake: { kind: 'mqtt', mqttUrl, operationAgeMs: 300_000 },
    },
    wishes.options,
  );
  t.after(async () => {
    await side.cloud.close();
    await broker.stop();
    await cloud.stop();
  });
  side.cloud.intake.start();
  return { cloud, broker, side, gatewayId };
}

/** A stored operation as it is sent to devices. */
export const documentOf = (cloud: ScriptedCloud, id: string) => JSON.stringify(cloud.operations.get(id));
/** Everything that was told and logged. */
export const texts = (side: Side) => JSON.stringify([side.links, side.log.lines]);
