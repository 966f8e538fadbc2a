import type { Command } from 'commander';
import { example } from './example.js';
import type { InitFlags } from './init/given.js';
import type { ProcessIo } from './process-io.js';

/** Runs a command to its exit code. */
type Finish = (exitCode: Promise<number>) => Promise<void>;

interface InitCommandFlags extends InitFlags {
  readonly config?: string;
  readonly permitEndpoints?: true;
  readonly yes?: true;
  readonly force?: true;
  readonly json?: true;
}

interface RegisterFlags {
  readonly config?: string;
  readonly mqtt?: true;
  readonly timeout?: string;
  readonly force?: true;
  readonly bootstrapUser?: string;
  readonly bootstrapPasswordFile?: string;
  readonly json?: true;
}

/** The commands between nothing and an agent that runs: init, register, schema. */
export function addSetupCommands(program: Command, io: ProcessIo, finish: Finish): void {
  addInit(program, io, finish);
  addRegister(program, io, finish);
  addSchema(program, io, finish);
}

function addInit(program: Command, io: ProcessIo, finish: Finish): void {
  program
    .command('init')
    .description('make a configuration: by questions on a terminal, by flags elsewhere')
    .option('--config <file>', 'where to write it (default: gatehouse.yaml here)')
    .option('--url <url>', 'address of the tenant')
    .option('--device <id>', 'external id of this gateway')
    .option(
      '--credentials-file <file>',
      'where gatehouse register is to store credentials; the usual way to log in',
    )
    .option('--tenant <id>', 'tenant id, with --user')
    .option('--user <name>', 'user of the device, instead of registering it')
    .option('--password-file <file>', 'file with its password')
    .option('--token-file <file>', 'file with a token instead')
    .option('--cert-file <file>', 'device certificate instead (PEM)')
    .option('--key-file <file>', 'its private key')
    .option('--proxy <host:port>', 'HTTP proxy without credentials')
    .option('--proxy-file <file>', 'file with the URL of one that wants credentials')
    .option('--ca-file <file>', 'certificate authority of your own (PEM)')
    .option('--intake <kind>', 'how operations arrive')
    .option('--conduit <name=host:ports...>', 'what may be reached, such as hmis=10.0.5.0/24:5900,8080-8089')
    .option(
      '--permit-endpoints',
      'permit every endpoint that the tenant has for this gateway and its children',
    )
    .option('--yes', 'ask nothing, even on a terminal')
    .option('--force', 'replace a file that is there')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      example(
        'gatehouse init',
        'on a terminal: asks, proposes, writes',
        'gatehouse init --url acme.example.com --device gw-7 --conduit hmi=10.0.5.7:80',
        'in a script',
      ),
    )
    .action(async ({ config: file, ...flags }: InitCommandFlags) => {
      const { init } = await import('./init.js');
      return finish(init({ ...flags, file }, io));
    });
}

function addRegister(program: Command, io: ProcessIo, finish: Finish): void {
  program
    .command('register')
    .description('register the device with the cloud, and store the credentials that it hands out')
    .option(
      '--config <file>',
      'configuration (default: gatehouse.yaml here, else /etc/gatehouse/gatehouse.yaml)',
    )
    .option('--mqtt', 'ask over MQTT (intake.mqttUrl) instead of REST')
    .option('--timeout <duration>', 'longest wait for somebody to accept the device', '30m')
    .option('--force', 'register anew although there are credentials')
    .option('--bootstrap-user <tenant/user>', 'user of new devices (default: management/devicebootstrap)')
    .option(
      '--bootstrap-password-file <file>',
      'its password; else C8Y_BOOTSTRAP_PASSWORD, else it is asked for',
    )
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      example('gatehouse register --config gatehouse.yaml', 'then accept the device in the cloud'),
    )
    .action(async ({ config: file, ...flags }: RegisterFlags) => {
      const { register } = await import('./register.js');
      return finish(register({ ...flags, file }, io));
    });
}

function addSchema(program: Command, io: ProcessIo, finish: Finish): void {
  program
    .command('schema')
    .description('print the JSON Schema of the configuration, for editors')
    .addHelpText(
      'after',
      example(
        'gatehouse schema > gatehouse.schema.json',
        'beside it, a YAML file begins: # yaml-language-server: $schema=…',
      ),
    )
    .action(async () => {
      const { schema } = await import('./schema.js');
      return finish(Promise.resolve(schema(io)));
    });
}
