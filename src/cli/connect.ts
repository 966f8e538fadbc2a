import { Writable, type Readable } from 'node:stream';
import { humanBytes } from './admin-text.js';
import { EXIT } from '../exit-codes.js';
import type { CommandIo } from './command-io.js';
import { ConnectError } from './connect/connect-error.js';
import { LocalPort } from './connect/local-port.js';
import { nextStep } from './connect/next-step.js';
import { OperatorClient, type RemoteAccessConfiguration } from './connect/operator-client.js';
import { operatorSettings, type OperatorFlags } from './connect/operator-settings.js';
import { relay, type RelaySummary } from './connect/relay.js';

export interface ConnectOptions extends OperatorFlags {
  /** External id (c8y_Serial), managed-object id or name. */
  readonly device: string;
  /** Id or name of a PASSTHROUGH endpoint of the device. */
  readonly configuration: string;
  /** Port on 127.0.0.1. Default 0: any free one. */
  readonly listen?: number | undefined;
  /** Exit after the first connection. */
  readonly once?: boolean | undefined;
  /** Tunnel standard input and output instead of a port (`ssh -o ProxyCommand`). */
  readonly stdio?: boolean | undefined;
  /** Print the port as one line of JSON. */
  readonly json?: boolean | undefined;
  /** Wait for more answer after a client half-closed, in ms since the last byte. Default 30 000. */
  readonly lingerMs?: number | undefined;
}

/** With `stdio`, the two ends of the tunnel; otherwise not used. */
export interface ConnectIo extends CommandIo {
  readonly stdin: Readable;
  /** Standard output as a stream of bytes. */
  readonly output: Writable;
}

/**
 * `gatehouse connect DEVICE CONFIGURATION`: the operator's end. A local port, each connection to which is one
 * remote-access session through the cloud. Runs until `signal`, or until the first session ended with `once` or
 * `stdio`. Gives the exit code: 0 done, 1 no such device or endpoint, 64 wrong usage, 69 cloud unreachable, 77
 * credentials refused.
 */
export async function connect(options: ConnectOptions, io: ConnectIo, signal: AbortSignal): Promise<number> {
  let client: OperatorClient | undefined;
  try {
    if (!isPort(options.listen ?? 0))
      throw new ConnectError(EXIT.usage, '--listen must be a port, 0 to 65535.');
    client = new OperatorClient(operatorSettings(options, io.env));
    await client.login();
    const deviceId = await client.findDevice(options.device);
    const endpoint = await client.findConfiguration(deviceId, options.configuration);
    const session: Session = { client, deviceId, endpoint };
    return await (options.stdio === true ? pipeStdio : servePort)(session, options, io, signal);
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    io.stderr.write(`${error.message}\n`);
    return error.exitCode;
  } finally {
    await client?.close();
  }
}

interface Session {
  readonly client: OperatorClient;
  readonly deviceId: string;
  readonly endpoint: RemoteAccessConfiguration;
}

async function servePort(
  { client, deviceId, endpoint }: Session,
  options: ConnectOptions,
  io: ConnectIo,
  signal: AbortSignal,
): Promise<number> {
  let exitCode: number = EXIT.done;
  const port = new LocalPort({
    port: options.listen ?? 0,
    once: options.once === true,
    open: (gone) => client.openTunnel(deviceId, endpoint.id, gone),
    ...(options.lingerMs === undefined ? {} : { lingerMs: options.lingerMs }),
    onEnded: (outcome) => {
      if (signal.aborted) return;
      if (outcome instanceof ConnectError && options.once === true) exitCode = outcome.exitCode;
      io.stderr.write(`${describe(outcome)}\n`);
    },
  });
  const localPort = await port.listen();
  const onStop = (): void => port.stop();
  signal.addEventListener('abort', onStop);
  if (signal.aborted) onStop();
  else announce(localPort, endpoint, options, io);
  await port.ended();
  signal.removeEventListener('abort', onStop);
  return exitCode;
}

async function pipeStdio(
  { client, deviceId, endpoint }: Session,
  options: ConnectOptions,
  io: ConnectIo,
  signal: AbortSignal,
): Promise<number> {
  const tunnel = await client.openTunnel(deviceId, endpoint.id, signal);
  const { output } = io;
  // A closed pipe fails the write too, which the relay sees; without a listener it would end the process.
  output.on('error', () => undefined);
  // Standard output cannot be ended like a socket; behind this it can, and then all of it was taken.
  const outputEnd = new Writable({
    write: (chunk: Buffer, _encoding, done) => void output.write(chunk, done),
  });
  await relay({ input: io.stdin, output: outputEnd }, tunnel, {
    signal,
    ...(options.lingerMs === undefined ? {} : { lingerMs: options.lingerMs }),
  });
  return EXIT.done;
}

function announce(
  localPort: number,
  endpoint: RemoteAccessConfiguration,
  options: ConnectOptions,
  io: CommandIo,
): void {
  const { id, name, hostname, port } = endpoint;
  if (options.json === true) {
    const facts = {
      host: '127.0.0.1',
      port: localPort,
      device: options.device,
      configuration: { id, name, hostname, port },
    };
    io.stdout.write(`${JSON.stringify(facts)}\n`);
    return;
  }
  const lines = [
    `127.0.0.1:${localPort} leads to ${hostname}:${port} behind ${options.device}. Now try:`,
    '',
    `  ${nextStep(port, localPort)}`,
    '',
    options.once === true ? 'One connection, then this ends.' : 'Ctrl-C ends it.',
  ];
  io.stdout.write(`${lines.join('\n').replace(/[^\P{Cc}\n]/gu, '?')}\n`);
}

function describe(outcome: RelaySummary | ConnectError): string {
  if (outcome instanceof ConnectError) return outcome.message;
  const who = { local: 'you', cloud: 'the other side', stop: 'this command' }[outcome.endedBy];
  const moved = `${humanBytes(outcome.downlinkBytes)} sent, ${humanBytes(outcome.uplinkBytes)} received`;
  return `A connection was ended by ${who}: ${moved}.`;
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 0 && port <= 65_535;
}
