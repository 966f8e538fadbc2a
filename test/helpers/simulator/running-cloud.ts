import type { TestContext } from 'node:test';
import { type Cloud, type CloudOptions, startCloud } from '../../../simulator/cloud.js';

/** A cloud that is stopped when the test ends, with a gateway `gw-1` and an endpoint on it. */
export interface Running {
  readonly cloud: Cloud;
  readonly deviceId: string;
  readonly configurationId: string;
  /** `Authorization` of the operator. */
  readonly operator: string;
  /** `Authorization` of the gateway's user. */
  readonly device: string;
}

export async function runningCloud(t: TestContext, options: CloudOptions = {}): Promise<Running> {
  const cloud = await startCloud(options);
  t.after(() => cloud.stop());
  const device = cloud.registerDevice('gw-1');
  const target = { name: 'hmi', hostname: '10.0.0.5', port: 5900 };
  const { id } = cloud.addConfiguration(device.id, target);
  return {
    cloud,
    deviceId: device.id,
    configurationId: id,
    operator: basic(cloud.operator),
    device: basic(device),
  };
}

export function basic({
  tenant,
  user,
  password,
}: {
  tenant: string;
  user: string;
  password: string;
}): string {
  return `Basic ${Buffer.from(`${tenant}/${user}:${password}`).toString('base64')}`;
}

/** One REST call with its JSON answer. */
export async function call(
  url: string,
  authorization: string | undefined,
  method = 'GET',
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Headers; json: Record<string, unknown> }> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(authorization === undefined ? {} : { Authorization: authorization }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(10_000),
  });
  const text = await response.text();
  const json = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, json };
}
