import type { Command } from 'commander';
import { example } from './example.js';
import type { ProcessIo } from './process-io.js';

/** Runs a command to its exit code. */
type Finish = (exitCode: Promise<number>) => Promise<void>;

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
