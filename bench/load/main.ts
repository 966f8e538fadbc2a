import { processIo } from '../../src/cli/process-io.js';
import { EXIT_CODE, LoadCommand } from './load-command.js';
import { parseOptions } from './options.js';
import { serve } from './serve-command.js';

/** Runs one command line and gives its exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const io = processIo();
  const parsed = parseOptions(argv);
  if (parsed.kind === 'help') {
    io.stdout.write(parsed.text);
    return EXIT_CODE.good;
  }
  if (parsed.kind === 'wrong') {
    io.stderr.write(`${parsed.sentence}\n`);
    return EXIT_CODE.usage;
  }
  const { options } = parsed;
  if (options.mode === 'serve') return serve(options, io);
  const command = ['npm run bench:load --', ...argv].join(' ');
  return (await new LoadCommand({ options, command }, io).run()).exitCode;
}

process.exit(await main(process.argv.slice(2)));
