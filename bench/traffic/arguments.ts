import { Command, InvalidArgumentError, Option } from 'commander';
import { DEFAULTS, MODES, MOST, ROLES, type Mode, type Role, type TrafficSettings } from './settings.js';

interface Flags {
  readonly role: Role;
  readonly dial?: number;
  readonly self?: true;
  readonly tls?: true;
  readonly mode: Mode;
  readonly sessions: number;
  readonly echoSessions: number;
  readonly warmUp: number;
  readonly seconds: number;
  readonly window: number;
  readonly frameKib: number;
  readonly writeKib: number;
  readonly thinkMs: number;
}

const KIB = 1_024;
const SECOND_MS = 1_000;

/** A number from `least` to `most`, for a flag. */
export function numberBetween(least: number, most: number, isWhole = true): (text: string) => number {
  return (text) => {
    const value = Number(text);
    const isRight =
      text.trim() !== '' && value >= least && value <= most && (!isWhole || Number.isInteger(value));
    if (isRight) return value;
    throw new InvalidArgumentError(`It is a ${isWhole ? 'whole ' : ''}number from ${least} to ${most}.`);
  };
}

/** The command line of the generator. */
export function trafficCommand(): Command {
  const count = numberBetween(0, MOST.sessions);
  const kib = numberBetween(1, 256);
  return new Command('traffic')
    .description(
      'Both ends of a relay in one process: sends a pattern, verifies every byte, prints JSON lines.',
    )
    .addOption(
      new Option('--role <role>', 'what the system under test does').choices(ROLES).default(DEFAULTS.role),
    )
    .option(
      '--dial <port>',
      'port of the system under test (roles ws-client and raw)',
      numberBetween(1, 65_535),
    )
    .option('--self', 'no system under test: what the generator itself can do (the same as --role self)')
    .option('--tls', 'the cloud end is wss:// (roles ws-server and self)')
    .addOption(new Option('--mode <mode>', 'what the sessions do').choices(MODES).default(DEFAULTS.mode))
    .option(
      '--sessions <count>',
      'sessions at the same time',
      numberBetween(1, MOST.sessions),
      DEFAULTS.sessions,
    )
    .option('--echo-sessions <count>', 'how many of them echo beside the mode', count, DEFAULTS.echoSessions)
    .option(
      '--warm-up <seconds>',
      'before the measurement',
      numberBetween(0, 60, false),
      DEFAULTS.warmUpMs / SECOND_MS,
    )
    .option(
      '--seconds <seconds>',
      'length of the measurement',
      numberBetween(0.1, MOST.durationMs / SECOND_MS, false),
      DEFAULTS.durationMs / SECOND_MS,
    )
    .option(
      '--window <seconds>',
      'length of one window',
      numberBetween(0.05, 60, false),
      DEFAULTS.windowMs / SECOND_MS,
    )
    .option('--frame-kib <KiB>', 'payload of a frame of ours', kib, DEFAULTS.frameBytes / KIB)
    .option('--write-kib <KiB>', 'bytes per write', kib, DEFAULTS.writeBytes / KIB)
    .option(
      '--think-ms <ms>',
      'mean pause between echoes',
      numberBetween(0, MOST.thinkMs, false),
      DEFAULTS.thinkMs,
    )
    .allowExcessArguments(false);
}

/** What the flags ask for. @throws Error with a sentence when they do not go together. */
export function trafficSettings(command: Command): TrafficSettings {
  const flags = command.opts<Flags>();
  const role = flags.self === true ? 'self' : flags.role;
  const dials = role === 'ws-client' || role === 'raw';
  if (dials && flags.dial === undefined)
    throw new Error(`--role ${role} needs --dial with the port to dial.`);
  if (dials && flags.tls === true)
    throw new Error(`--tls goes with the roles ws-server and self, not ${role}.`);
  if (flags.echoSessions > flags.sessions)
    throw new Error('--echo-sessions are some of --sessions, not more.');
  return {
    role,
    dialPort: flags.dial,
    tls: flags.tls === true,
    mode: flags.mode,
    sessions: flags.sessions,
    echoSessions: flags.echoSessions,
    warmUpMs: flags.warmUp * SECOND_MS,
    durationMs: flags.seconds * SECOND_MS,
    windowMs: flags.window * SECOND_MS,
    frameBytes: flags.frameKib * KIB,
    writeBytes: flags.writeKib * KIB,
    thinkMs: flags.thinkMs,
  };
}
