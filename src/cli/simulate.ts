import { describeCloud, startCloud, type Cloud, type RegisteredDevice } from '../../simulator/cloud.js';
import { EXIT } from '../exit-codes.js';
import type { ProcessIo } from './process-io.js';

export interface SimulateOptions {
  readonly port: number;
  readonly httpsPort?: number;
  readonly mqttPort?: number;
  readonly mqttsPort?: number;
  /** External id of a device to register. */
  readonly device?: string;
  readonly json?: boolean;
}

/** `gatehouse simulate`: the embedded cloud until SIGINT or SIGTERM. Gives the exit code. */
export async function simulate(options: SimulateOptions, io: ProcessIo): Promise<number> {
  let cloud: Cloud;
  try {
    cloud = await startCloud(options);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    io.stderr.write(`gatehouse simulate: ${why}; --port 0 takes any free port.\n`);
    return EXIT.failed;
  }
  const device = options.device === undefined ? undefined : cloud.registerDevice(options.device);
  const interrupted = new Promise<void>((resolve) => io.onInterrupt(resolve));
  io.stdout.write(options.json === true ? json(cloud, device) : text(cloud, device));
  await interrupted;
  await cloud.stop();
  return EXIT.done;
}

function text(cloud: Cloud, device: RegisteredDevice | undefined): string {
  const lines = ['A small Cumulocity that forgets everything when it stops.', '', ...describeCloud(cloud)];
  if (device !== undefined)
    lines.push('', 'An agent can log in with this configuration:', '', ...agentYaml(cloud, device));
  return `${[...lines, '', 'Ctrl-C ends it.'].join('\n')}\n`;
}

function agentYaml(cloud: Cloud, device: RegisteredDevice): string[] {
  return [
    'cloud:',
    `  url: ${cloud.url}`,
    `  tenant: ${device.tenant}`,
    `  user: ${device.user}`,
    `  password: ${device.password}`,
    'device:',
    `  externalId: ${device.externalId}`,
  ].map((line) => `  ${line}`);
}

/** One line for scripts. It holds the passwords of a cloud that lives as long as this process. */
function json(cloud: Cloud, device: RegisteredDevice | undefined): string {
  const { url, httpsUrl, mqttUrl, mqttsUrl, operator, ca } = cloud;
  return `${JSON.stringify({ url, httpsUrl, mqttUrl, mqttsUrl, operator, device, ca })}\n`;
}
