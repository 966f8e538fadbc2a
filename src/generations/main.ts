import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { hardenProcess } from '../../contract/hardening.js';
import { runGeneration } from './generation.js';
import { parentPort } from './parent-port.js';

/*
 * The process of one generation. `gatehouse run` forks it; what it needs comes on its command line, the rest over the
 * channel. Arguments: the configuration file, if one was given.
 */

// A terminal and a service manager signal every process of the group. The parent obeys, and tells us.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const) process.on(signal, () => undefined);

hardenProcess();
const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const exitCode = await runGeneration({
  file: process.argv[2],
  version,
  env: process.env,
  cwd: process.cwd(),
  isTerminal: process.stdout.isTTY,
  port: parentPort(),
  now: () => performance.now(),
});
process.exit(exitCode);
