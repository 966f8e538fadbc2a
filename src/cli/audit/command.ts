import type { Command } from 'commander';
import { example } from '../example.js';
import type { ProcessIo } from '../process-io.js';

interface VerifyFlags {
  readonly config?: string;
  readonly head?: string;
  readonly anchor?: readonly string[];
  readonly json?: true;
}

/** `gatehouse audit …`: what can be done with the audit log. */
export function auditCommand(
  program: Command,
  io: ProcessIo,
  finish: (exitCode: Promise<number>) => Promise<void>,
): void {
  const audit = program
    .command('audit')
    .description('the audit log: whether it is as it was written')
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .addHelpText('after', example('gatehouse audit verify', 'is the configured log whole?'));
  audit
    .command('verify')
    .description('go through the log and name the first line that was changed, moved, inserted or is missing')
    .argument('[files...]', 'files of one log (also .gz); without them all files of the configured log')
    .option(
      '--config <file>',
      'configuration (default: gatehouse.yaml here, else /etc/gatehouse/gatehouse.yaml)',
    )
    .option('--head <file>', 'audit.head of the state directory (default: that of the configuration)')
    .option('--anchor <seq:hash...>', 'a place that the log must go through, from an event in the cloud')
    .option('--json', 'print the verdict as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  # is the log whole?\n  gatehouse audit verify --config /etc/gatehouse/gatehouse.yaml',
    )
    .action(async (files: string[], flags: VerifyFlags) => {
      const { auditVerify } = await import('../audit.js');
      const { config, head, anchor: anchors = [], json } = flags;
      return finish(auditVerify({ files, config, head, anchors, json: json === true }, io));
    });
}
