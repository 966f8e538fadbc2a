import { once } from 'node:events';
import { CommanderError } from 'commander';
import { Authority } from '../../simulator/tls/authority.js';
import { trafficCommand, trafficSettings } from './arguments.js';
import { measure } from './measurement.js';
import type { TrafficLine } from './protocol.js';
import type { TrafficSettings } from './settings.js';
import { Traffic, type Credentials } from './traffic.js';

/*
 * The traffic generator as a process: JSON lines on its output (protocol.ts), a line on its input starts the dialling,
 * and the end of its input ends it.
 */
const USAGE = 2;

const settings = readArguments();
process.stdin.on('end', () => process.exit());
await run(settings).catch((error: unknown) => {
  print({ event: 'error', message: error instanceof Error ? error.message : String(error) });
  process.exit(1);
});

function readArguments(): TrafficSettings {
  const command = trafficCommand().exitOverride();
  try {
    return trafficSettings(command.parse());
  } catch (error) {
    if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : USAGE);
    console.error(error instanceof Error ? error.message : String(error));
    return process.exit(USAGE);
  }
}

async function run(wanted: TrafficSettings): Promise<void> {
  const credentials = wanted.tls ? await makeCredentials() : undefined;
  const traffic = new Traffic(wanted, credentials);
  print({ event: 'ready', ...(await traffic.listen()), ...(credentials && { ca: credentials.ca }) });
  process.stdin.resume();
  if (wanted.role === 'ws-client' || wanted.role === 'raw') await once(process.stdin, 'data');
  void traffic.dial();
  const result = await measure(traffic.tally, wanted, {
    onUp: (seconds) => print({ event: 'up', seconds }),
    onStart: () => print({ event: 'start' }),
    onWindow: (window) => print({ event: 'window', window }),
  });
  print({ event: 'result', result });
  if (wanted.role === 'self') process.exit();
}

async function makeCredentials(): Promise<Credentials> {
  const authority = await Authority.create('Gatehouse bench CA');
  return { ...(await authority.issueServer()), ca: authority.ca };
}

function print(line: TrafficLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
