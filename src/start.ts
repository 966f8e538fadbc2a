import { readFileSync } from 'node:fs';
import { processIo } from './cli/process-io.js';
import { runProgram } from './cli/program.js';
import { hardenProcess } from '../contract/hardening.js';

/* What main.ts starts once it knows that this version of Node will do. */
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

hardenProcess();
process.exitCode = await runProgram(process.argv.slice(2), processIo(), version);

// The work is done. A socket that some library still holds must not keep a service manager waiting.
setTimeout(() => process.exit(), 500).unref();
