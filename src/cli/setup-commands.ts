import type { Command } from 'commander';
import { example } from './example.js';
import type { ProcessIo } from './process-io.js';

/** Runs a command to its exit code. */
type Finish = (exitCode: Promise<number>) => Promise<void>;

/** The commands between nothing and an agent that runs: schema. */
export function addSetupCommands(program: Command, io: ProcessIo, finish: Finish): void {
  program
    .command('schema')
    .description('print the JSON Schema of the configuration, for editors')
    .addHelpText(
      'after',
      example(
        'gatehouse schema > gatehouse.schema.json',
        'then, first in the YAML: # yaml-language-server: $schema=gatehouse.schema.json',
      ),
    )
    .action(async () => {
      const { schema } = await import('./schema.js');
      return finish(Promise.resolve(schema(io)));
    });
}
