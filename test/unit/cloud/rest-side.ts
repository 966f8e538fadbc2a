import type { TestContext } from 'node:test';
import { cloudConfig, deviceConfig, deviceSide, restIntake, type Side } from './fixtures.js';
import { ScriptedCloud, type Seen } from './scripted-cloud.js';

/** A device side on REST before a scripted cloud; both end with the test. */
export async function started(
  t: TestContext,
  prepare: (cloud: ScriptedCloud, gatewayId: string) => void = () => undefined,
  options: Parameters<typeof deviceSide>[1] = {},
): Promise<{ cloud: ScriptedCloud; side: Side; gatewayId: string }> {
  const cloud = await ScriptedCloud.start();
  const gatewayId = cloud.addDevice('gw-7');
  prepare(cloud, gatewayId);
  const config = { cloud: cloudConfig(cloud.url), device: deviceConfig(), intake: restIntake() };
  const side = deviceSide(config, options);
  t.after(async () => {
    await side.cloud.close();
    await cloud.stop();
  });
  side.cloud.intake.start();
  return { cloud, side, gatewayId };
}

/** True for a Bayeux message on this meta channel. */
export const isMeta = (request: Seen, channel: string) =>
  Array.isArray(request.body) && (request.body[0] as { channel: string }).channel === channel;

/** How often the first page of pending operations, or a later one, was asked for. */
export const pendingLists = (cloud: ScriptedCloud) =>
  cloud.seen('GET', /operations$/).filter(({ query }) => query.get('status') === 'PENDING').length;

/** The id of a Bayeux message. */
export const metaId = (request: Seen) => (request.body as { id: string }[])[0]?.id;
