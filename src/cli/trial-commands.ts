import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { example } from './example.js';
import type { ProcessIo } from './process-io.js';

/** What the commands are added to and made of. */
export interface TrialParts {
  readonly program: Command;
  readonly io: ProcessIo;
  /** Ours. */
  readonly version: string;
  /** Runs a command to its exit code. */
  readonly finish: (exitCode: Promise<number>) => Promise<void>;
}

interface SimulateFlags {
  readonly port: number;
  readonly httpsPort?: number;
  readonly mqttPort?: number;
  readonly mqttsPort?: number;
  readonly device?: string;
  readonly json?: true;
}

interface ConnectFlags {
  readonly listen: number;
  readonly url?: string;
  readonly tenant?: string;
  readonly user?: string;
  readonly passwordFile?: string;
  readonly ca?: string;
  readonly once?: true;
  readonly stdio?: true;
  readonly json?: true;
}

/** The commands to try things out: demo, simulate, and connect, the operator's end. */
export function addTrialCommands(parts: TrialParts): void {
  const { program, io, version, finish } = parts;
  program
    .command('demo')
    .description('embedded cloud, agent and demo targets on this machine, and what to try with them')
    .option(
      '--once',
      'prove it alone: 8 sessions with bytes compared and one denied, then exit; for scripts the exit code says it (no --json)',
    )
    .addHelpText(
      'after',
      example('gatehouse demo', 'look around', 'gatehouse demo --once', 'prove it and exit'),
    )
    .action(async (flags: { once?: true }) => {
      const { demo } = await import('./demo.js');
      return finish(demo({ once: flags.once === true, version }, io));
    });
  program
    .command('simulate')
    .description('the embedded cloud alone, to point agents and clients at')
    .option('--port <n>', 'HTTP port; 0 = any free one', port, 8080)
    .option('--https-port <n>', 'HTTPS port, with an authority of its own; 0 = any free one', port)
    .option('--mqtt-port <n>', 'MQTT port; 0 = any free one', port)
    .option('--mqtts-port <n>', 'MQTT over TLS; 0 = any free one', port)
    .option('--device <id>', 'register a device with this external id and print its credentials')
    .option('--json', 'print addresses and credentials as JSON')
    .addHelpText(
      'after',
      example(
        'gatehouse simulate --port 8080 --mqtt-port 1883 --device gw-7',
        'with a device ready to log in',
      ),
    )
    .action(async (flags: SimulateFlags) => {
      const { simulate } = await import('./simulate.js');
      return finish(simulate(flags, io));
    });
  addConnectCommand(parts);
}

function addConnectCommand({ program, io, finish }: TrialParts): void {
  program
    .command('connect')
    .description("the operator's end: a local port that opens remote-access sessions through the cloud")
    .argument('<device>', 'external id, managed-object id or name')
    .argument('<configuration>', 'id or name of a PASSTHROUGH endpoint of the device')
    .option('--listen <port>', 'port on 127.0.0.1; 0 = any free one', port, 0)
    .option('--url <url>', 'the cloud (C8Y_BASEURL)')
    .option('--tenant <id>', 'tenant id (C8Y_TENANT)')
    .option('--user <name>', 'user (C8Y_USER); the password comes from C8Y_PASSWORD or a file')
    .option('--password-file <file>', 'file whose first line is the password')
    .option('--ca <file>', 'more roots to trust, in PEM')
    .option('--once', 'exit after the first connection')
    .option('--stdio', 'tunnel standard input and output instead of a port')
    .option('--json', 'print the port as one line of JSON')
    .addHelpText(
      'after',
      example(
        'gatehouse connect gw-7 ssh --listen 2222',
        'then: ssh -p 2222 user@127.0.0.1',
        "ssh -o ProxyCommand='gatehouse connect gw-7 ssh --stdio' user@gw-7",
        'without a port',
      ),
    )
    .action(async (device: string, configuration: string, flags: ConnectFlags) => {
      const { connect } = await import('./connect.js');
      const stop = new AbortController();
      io.onInterrupt(() => stop.abort());
      const options = { ...flags, caFile: flags.ca, device, configuration };
      return finish(connect(options, io, stop.signal));
    });
}

function port(text: string): number {
  const value = Number(text);
  if (!/^\d{1,5}$/.test(text) || value > 65_535)
    throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return value;
}
