import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { ConfigError } from '../config/problem.js';
import { EXIT } from '../exit-codes.js';
import type { AdminCommandOptions } from './admin-client.js';
import { example } from './example.js';
import { auditCommand } from './audit/command.js';
import type { ProcessIo } from './process-io.js';
import { run } from './run.js';
import { addThinEdgeCommand } from './thin-edge/command.js';
import { addSetupCommands } from './setup-commands.js';

interface ConfigFlag {
  readonly config?: string;
}

/** Runs one command line and gives its exit code. @throws nothing: wrong usage is 64, an unexpected error 1. */
export async function runProgram(argv: readonly string[], io: ProcessIo, version: string): Promise<number> {
  const program = new Program(io, version);
  try {
    await program.command.parseAsync(withDefault(argv), { from: 'user' });
    return program.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (error instanceof ConfigError) {
      io.stderr.write(`${error.message}\n`);
      return EXIT.config;
    }
    io.stderr.write(`gatehouse: ${error instanceof Error ? error.message : String(error)}\n`);
    return EXIT.failed;
  }
}

/**
 * The command line: what each command is called, takes and does. Commands are loaded when they are used, so that the
 * process of `run`, which only watches over others, stays small.
 */
class Program {
  readonly command = new Command('gatehouse');
  exitCode: number = EXIT.done;

  constructor(
    private readonly io: ProcessIo,
    version: string,
  ) {
    this.command
      .description('Remote-access agent for industrial gateways (Cumulocity Cloud Remote Access).')
      .version(version, '-V, --version')
      .showHelpAfterError('(gatehouse --help shows what there is)')
      .configureOutput({
        writeOut: (text) => io.stdout.write(text),
        writeErr: (text) => io.stderr.write(text),
      })
      // With the arguments of every command beside its name, nothing would be left of 80 columns to describe it.
      .configureHelp({ subcommandTerm: (command) => command.name() })
      .exitOverride();
    addSetupCommands(this.command, io, (exitCode) => this.#finish(exitCode));
    this.#agentCommands();
    this.#adminCommands();
    addThinEdgeCommand(this.command, io, (exitCode) => this.#finish(exitCode));
    auditCommand(this.command, io, (exitCode) => this.#finish(exitCode));
    this.#trialCommands(version);
    this.command.addHelpText(
      'after',
      example(
        'gatehouse demo',
        'see it work, without a cloud account',
        'gatehouse check',
        'validate and probe a set-up',
      ),
    );
  }

  #agentCommands(): void {
    this.#add('run')
      .description(
        'run the agent until it is told to stop (SIGTERM, SIGINT; SIGUSR2 drains, SIGHUP reloads); the default',
      )
      .addHelpText(
        'after',
        example('gatehouse run --config /etc/gatehouse/gatehouse.yaml', 'as a service does it'),
      )
      .action((flags: ConfigFlag) => this.#finish(run({ file: flags.config }, this.io)));
    this.#add('check')
      .description('validate the configuration, then probe cloud, credentials and targets, one line each')
      .option('--print', 'show every value and where it came from, secrets masked')
      .option('--json', 'print the result as JSON')
      .addHelpText(
        'after',
        example('gatehouse check --config gatehouse.yaml', 'what works, and what to do about the rest'),
      )
      .action(async (flags: ConfigFlag & { print?: true; json?: true }) => {
        const { check } = await import('./check.js');
        return this.#finish(check({ ...flags, file: flags.config }, this.io));
      });
    this.#add('explain')
      .description('say what the policy decides for a target, and which line of which file says it')
      .argument('<host:port>', 'as an operation would name it')
      .option('--device <id>', 'external id of a child device that the operation is for')
      .option('--at <time>', 'not now but then, for time windows: 2026-11-28T23:00')
      .option('--json', 'print the decision as JSON')
      .addHelpText(
        'after',
        example('gatehouse explain 10.0.5.7:5900', 'may the cloud reach this VNC server?'),
      )
      .action(async (target: string, flags: ConfigFlag & { device?: string; at?: string; json?: true }) => {
        const { explainTarget } = await import('./explain.js');
        const { config: file, device, at, json } = flags;
        return this.#finish(explainTarget({ target, file, device, at, json: json === true }, this.io));
      });
  }

  #adminCommands(): void {
    const options = async ({ config, json }: ConfigFlag & { json?: true }) => {
      const { adminTarget } = await import('./admin-target.js');
      return { target: adminTarget(config, this.io), json: json === true };
    };
    this.#add('status')
      .description('state of a running agent: cloud link, workers, totals')
      .option('--json', 'print it as JSON')
      .addHelpText('after', example('gatehouse status', 'is it connected?'))
      .action(async (flags: ConfigFlag & { json?: true }) => {
        const { status } = await import('./status.js');
        return this.#finish(status(await options(flags), this.io));
      });
    this.#add('sessions')
      .description('sessions of a running agent')
      .option('--json', 'print them as JSON')
      .addHelpText('after', example('gatehouse sessions --json', 'for scripts'))
      .action(async (flags: ConfigFlag & { json?: true }) => {
        const { sessions } = await import('./sessions.js');
        return this.#finish(sessions(await options(flags), this.io));
      });
    this.#add('close')
      .description('end one session of a running agent; returns once both of its connections are gone')
      .argument('<id>', 'as gatehouse sessions shows it')
      .option('--json', 'print the result as JSON')
      .addHelpText('after', example('gatehouse close 3fa94c01d2be', 'end that session'))
      .action(async (id: string, flags: ConfigFlag & { json?: true }) => {
        const { close } = await import('./close.js');
        return this.#finish(close({ id, ...(await options(flags)) }, this.io));
      });
    this.#approvalCommands(options);
    this.#add('drain')
      .description('let a running agent take no new sessions and exit when the last one ends')
      .option('--json', 'print the result as JSON')
      .addHelpText('after', example('gatehouse drain', 'before maintenance'))
      .action(async (flags: ConfigFlag & { json?: true }) => {
        const { drain } = await import('./drain.js');
        return this.#finish(drain(await options(flags), this.io));
      });
  }

  #approvalCommands(options: (flags: ConfigFlag & { json?: true }) => Promise<AdminCommandOptions>): void {
    this.#add('approvals')
      .description('requests that wait for somebody on site to approve them')
      .option('--json', 'print them as JSON')
      .addHelpText('after', example('gatehouse approvals', 'who wants to come in?'))
      .action(async (flags: ConfigFlag & { json?: true }) => {
        const { approvals } = await import('./approvals.js');
        return this.#finish(approvals(await options(flags), this.io));
      });
    for (const verdict of ['approve', 'deny'] as const) {
      const what = verdict === 'approve' ? 'let a waiting request in' : 'refuse a waiting request';
      this.#add(verdict)
        .description(what)
        .argument('<id>', 'as gatehouse approvals shows it')
        .option('--by <name>', 'who answers (default: the account that runs the command)')
        .option('--json', 'print the result as JSON')
        .addHelpText('after', example(`gatehouse ${verdict} 3fa94c01d2`, what))
        .action(async (id: string, flags: ConfigFlag & { by?: string; json?: true }) => {
          const { answerApproval } = await import('./approvals.js');
          const { by } = flags;
          return this.#finish(answerApproval({ id, verdict, by, ...(await options(flags)) }, this.io));
        });
    }
  }

  #trialCommands(version: string): void {
    this.command
      .command('demo')
      .description('embedded cloud, agent and demo targets on this machine, and what to try with them')
      .option('--once', 'prove it alone: 8 sessions with bytes compared and one denied, then exit')
      .addHelpText(
        'after',
        example('gatehouse demo', 'look around', 'gatehouse demo --once', 'prove it and exit'),
      )
      .action(async (flags: { once?: true }) => {
        const { demo } = await import('./demo.js');
        return this.#finish(demo({ once: flags.once === true, version }, this.io));
      });
    this.command
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
        return this.#finish(simulate(flags, this.io));
      });
    this.#connectCommand();
  }

  #connectCommand(): void {
    this.command
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
        this.io.onInterrupt(() => stop.abort());
        const options = { ...flags, caFile: flags.ca, device, configuration };
        return this.#finish(connect(options, this.io, stop.signal));
      });
  }

  #add(name: string): Command {
    return this.command
      .command(name)
      .option(
        '--config <file>',
        'configuration (default: gatehouse.yaml here, else /etc/gatehouse/gatehouse.yaml)',
      );
  }

  async #finish(exitCode: Promise<number>): Promise<void> {
    this.exitCode = await exitCode;
  }
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

function port(text: string): number {
  const value = Number(text);
  if (!/^\d{1,5}$/.test(text) || value > 65_535)
    throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return value;
}

/**
 * `run` is the default command. Commander's own default would take a mistyped command for an argument of `run` and
 * suggest nothing.
 */
function withDefault(argv: readonly string[]): string[] {
  const [first] = argv;
  const isForProgram = first !== undefined && (!first.startsWith('-') || GLOBAL_OPTIONS.includes(first));
  return isForProgram ? [...argv] : ['run', ...argv];
}

const GLOBAL_OPTIONS = ['-h', '--help', '-V', '--version'];
