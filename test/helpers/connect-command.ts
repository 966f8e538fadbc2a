import { fileURLToPath } from 'node:url';
import { Command } from './command.js';
import type { World } from './world.js';

/** The command as it is installed, seen from dist/test/helpers. */
const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** Environment with which `gatehouse connect` reaches the cloud of a world as its operator. */
export function operatorEnv({ cloud }: World): Record<string, string> {
  const { tenant, user, password } = cloud.operator;
  return { C8Y_BASEURL: cloud.url, C8Y_TENANT: tenant, C8Y_USER: user, C8Y_PASSWORD: password };
}

/** `gatehouse connect … --stdio` as one line of shell, for programs that have a ProxyCommand. */
export function connectLine({ device }: World, endpointId: string): string {
  return `${quote(process.execPath)} ${quote(MAIN)} connect ${device.externalId} ${endpointId} --stdio`;
}

/** `gatehouse connect --listen` as a process of its own. */
export class ConnectCommand {
  private constructor(
    /** On 127.0.0.1. */
    readonly port: number,
    private readonly command: Command,
  ) {}

  static async start(world: World, endpointId: string): Promise<ConnectCommand> {
    const args = ['connect', world.device.externalId, endpointId, '--listen', '0', '--json'];
    const command = new Command(args, { env: operatorEnv(world) });
    const [, port] = await command.printed(/"port":(\d+)/);
    return new ConnectCommand(Number(port), command);
  }

  /** Ctrl-C. Gives the exit code. */
  async interrupt(): Promise<number | null> {
    this.command.kill('SIGINT');
    return (await this.command.ended()).code;
  }

  async stop(): Promise<void> {
    await this.command.discard();
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
