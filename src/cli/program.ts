import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config/problem.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import type { AdminCommandOptions } from './admin-client.js';
import { example } from './example.js';
import { auditCommand } from './audit/command.js';
import type { ProcessIo } from './process-io.js';
import { run } from './run.js';
import type { SessionsFlags } from './sessions-command.js';
import { addSetupCommands } from './setup-commands.js';
import { addThinEdgeCommand } from './thin-edge/command.js';
import { addTrialCommands } from './trial-commands.js';

interface ConfigFlag {
  readonly config?: string;
}

/** Runs one command line and gives its exit code. @throws nothing: wrong usage is 64, an unexpected error 1. */
export async function runProgram(argv: readonly string[], io: ProcessIo, version: string): Promise<number> {
  const isJson = argv.includes('--json');
  const program = new Program(io, version, isJson);
  try {
    program.refuseHelpForNothing(argv);
    await program.command.parseAsync(withDefault(argv), { from: 'user' });
    return program.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
    return isJson ? tellAsJson(error, io) : tell(error, io);
  }
}

function tell(error: unknown, io: ProcessIo): ExitCode {
  // Commander has said it already.
  if (error instanceof CommanderError) return EXIT.usage;
  if (error instanceof ConfigError) {
    io.stderr.write(`${error.message}\n`);
    return EXIT.config;
  }
  io.stderr.write(`gatehouse: ${messageOf(error)}\n`);
  return EXIT.failed;
}

async function tellAsJson(error: unknown, io: ProcessIo): Promise<ExitCode> {
  const { refusalJson } = await import('./refusal.js');
  if (error instanceof ConfigError) {
    const { problemViews } = await import('./check/report.js');
    io.stdout.write(refusalJson(EXIT.config, error.message, { problems: problemViews(error) }));
    return EXIT.config;
  }
  const exitCode = error instanceof CommanderError ? EXIT.usage : EXIT.failed;
  io.stdout.write(refusalJson(exitCode, messageOf(error).replace(/^error: /, '')));
  return exitCode;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
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
    isJson: boolean,
  ) {
    this.command
      .description('Remote-access agent for industrial gateways (Cumulocity Cloud Remote Access).')
      .version(version, '-V, --version')
      .configureOutput({
        writeOut: (text) => io.stdout.write(text),
        // With --json what is wrong goes to standard output, in one document.
        writeErr: (text) => isJson || io.stderr.write(text),
      })
      // With the arguments of every command beside its name, nothing would be left of 80 columns to describe it.
      .configureHelp({ subcommandTerm: (command) => command.name() })
      .exitOverride();
    addSetupCommands(this.command, io, (exitCode) => this.#finish(exitCode));
    this.#agentCommands();
    this.#adminCommands();
    addThinEdgeCommand(this.command, io, (exitCode) => this.#finish(exitCode));
    auditCommand(this.command, io, (exitCode) => this.#finish(exitCode));
    addTrialCommands({ program: this.command, io, version, finish: (exitCode) => this.#finish(exitCode) });
    this.command.addHelpText(
      'after',
      example(
        'gatehouse demo',
        'see it work, without a cloud account',
        'gatehouse check',
        'validate and probe a set-up',
      ),
    );
    pointToHelp(this.command, 'gatehouse');
  }

  /** Commander shows its help for `help nonsense`, and leaves out what was wrong. */
  refuseHelpForNothing([first, name]: readonly string[]): void {
    if (first !== 'help' || name === undefined || name.startsWith('-')) return;
    if (name !== 'help' && this.command.commands.every((command) => command.name() !== name))
      this.command.error(`error: unknown command '${name}'`);
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
      .option('--watch', 'keep showing them: on a terminal a live table with keys to sort, search and end')
      .option('--interval <seconds>', 'time between two readings of --watch, 0.1 to 86400')
      .option('--json', 'print them as JSON')
      .addHelpText(
        'after',
        example(
          'gatehouse sessions --watch',
          'who is where now? q quits',
          'gatehouse sessions --json',
          'for scripts',
        ),
      )
      .action(async (flags: ConfigFlag & SessionsFlags) => {
        const { sessionsCommand } = await import('./sessions-command.js');
        return this.#finish(sessionsCommand(flags, await options(flags), this.io));
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

/** Wrong usage of a command is explained by the help of that command. */
function pointToHelp(command: Command, name: string): void {
  command.showHelpAfterError(`(${name} --help shows what there is)`);
  for (const inner of command.commands) pointToHelp(inner, `${name} ${inner.name()}`);
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
