import { randomUUID } from 'node:crypto';
import type { StoredCredentials } from '../config/credentials-file.js';
import { ConfigError } from '../config/problem.js';
import { loadConfig } from '../config/load.js';
import type { LoadedConfig } from '../config/load.js';
import { effectiveConfig, effectiveValues } from '../config/view.js';
import { EXIT } from '../exit-codes.js';
import type { ExitCode } from '../exit-codes.js';
import { Redactor } from '../log/redaction.js';
import { registerSecrets } from '../log/secrets.js';
import { accountProbes } from './check/account-probe.js';
import { CERTIFICATE_PROBE } from './check/certificate-probe.js';
import { CLOCK_PROBE } from './check/clock-probe.js';
import { CREDENTIALS_PROBES, UNREGISTERED_PROBES } from './check/credentials-probes.js';
import { DESCRIPTOR_PROBE } from './check/descriptor-probe.js';
import { DEVICE_PROBES } from './check/device-probes.js';
import { LOCAL_PROBES } from './check/local-probes.js';
import { MQTT_PROBE } from './check/mqtt-probe.js';
import { NETWORK_PROBES } from './check/network-probes.js';
import { runProbes } from './check/probe.js';
import type { Probe, ProbeContext, ProbeResult } from './check/probe.js';
import { REMOTE_ACCESS_PROBE } from './check/remote-access-probe.js';
import { fixLines, problemViews, resultLines, summary, wrapped } from './check/report.js';
import { siteProbes } from './check/site-probes.js';
import { targetProbes } from './check/target-probes.js';
import { THIN_EDGE_PROBES } from './check/thin-edge-probes.js';
import { Spinner } from './spinner.js';
import { Terminal, printable } from './terminal.js';
import type { Io } from './terminal.js';

/** Problems of a configuration that are printed; nobody repairs more in one go. */
const MAX_PROBLEMS = 100;

export interface CheckOptions {
  /** `--config`. */
  readonly file?: string | undefined;
  /** `--print`: show the effective configuration instead of probing. */
  readonly print?: boolean | undefined;
  /** `--json`: one JSON document instead of lines. */
  readonly json?: boolean | undefined;
  /** Wall clock, in ms since 1970. Default Date.now. */
  readonly now?: () => number;
}

/**
 * `gatehouse check`: validates the configuration, then probes everything it names.
 * @returns 0, or the code of the first failure: 78 configuration, or not registered yet, 69 cloud unreachable, 77 credentials, 1 anything else.
 */
export async function check(options: CheckOptions, io: Io): Promise<ExitCode> {
  const { env, cwd } = io;
  const load = { file: options.file, env, cwd, isTerminal: io.stdout.isTTY === true };
  try {
    const loaded = loadConfig(load);
    return await (options.print === true ? print(loaded, options, io) : probe({ loaded }, options, io));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    if (options.print === true || !error.problems.every(({ isUnregistered }) => isUnregistered))
      return tellInvalid(error, options, io);
  }
  // The way to the cloud has to be right before anybody can register.
  const loaded = loadConfig({ ...load, loginAs: nobody() });
  return probe({ loaded, isUnregistered: true }, options, io);
}

/** Somebody to load a configuration with; nobody logs in. Its password is in nothing that is printed. */
function nobody(): StoredCredentials {
  return { tenant: '', user: 'nobody', password: randomUUID() };
}

function tellInvalid(error: ConfigError, { json }: CheckOptions, io: Io): ExitCode {
  const problems = problemViews(error);
  if (json === true) {
    writeJson(io, { ok: false, exitCode: EXIT.config, message: error.message, problems });
    return EXIT.config;
  }
  const terminal = new Terminal(io.stderr, io.env);
  terminal.line(`${terminal.paint('red', 'failed')}   configuration`);
  for (const { text, fault, fixes } of problems.slice(0, MAX_PROBLEMS)) {
    for (const line of text.split('\n').flatMap((each) => wrapped(each, terminal, 2))) terminal.line(line);
    // The others have their example in the line.
    if (fault === 'file-modes') for (const line of fixLines(fixes, terminal)) terminal.line(line);
  }
  if (problems.length > MAX_PROBLEMS) terminal.line(`  and ${problems.length - MAX_PROBLEMS} more`);
  return EXIT.config;
}

/** A configuration that is valid, but for credentials that `gatehouse register` has still to bring. */
interface Subject {
  readonly loaded: LoadedConfig;
  readonly isUnregistered?: boolean;
}

function print({ config, sources, warnings, file }: LoadedConfig, { json }: CheckOptions, io: Io): ExitCode {
  if (json === true) {
    writeJson(io, {
      ok: true,
      exitCode: EXIT.done,
      file,
      warnings,
      values: effectiveValues(config, sources),
    });
    return EXIT.done;
  }
  const terminal = new Terminal(io.stdout, io.env);
  tellWarnings(warnings, io);
  for (const line of effectiveConfig(config, sources)) terminal.line(printable(line));
  return EXIT.done;
}

async function probe(subject: Subject, options: CheckOptions, io: Io): Promise<ExitCode> {
  const { loaded } = subject;
  const { config, warnings, file } = loaded;
  const redactor = new Redactor();
  registerSecrets(redactor, config);
  const isJson = options.json === true;
  const context = { config, origin: loaded, facts: {}, now: options.now ?? Date.now };
  const probes = probesOf(subject);
  const results = isJson
    ? await runProbes(probes, context, { onStart: () => undefined, onResult: () => undefined })
    : await tellProbes(probes, context, { loaded, io, redactor });
  const exitCode = exitCodeOf(results);
  if (isJson) {
    const checks = results.map(({ outcome, ...rest }) => ({ ...rest, ...outcome }));
    io.stdout.write(
      `${redactor.redact(jsonText({ ok: exitCode === EXIT.done, exitCode, file, warnings, checks }))}\n`,
    );
  }
  return exitCode;
}

/** In the order in which one builds on the other. */
function probesOf({ loaded: { config }, isUnregistered = false }: Subject): readonly Probe[] {
  const isThinEdge = config.intake.kind === 'thin-edge';
  return [
    ...accountProbes(),
    ...LOCAL_PROBES,
    DESCRIPTOR_PROBE,
    ...siteProbes(config),
    ...NETWORK_PROBES,
    CLOCK_PROBE,
    ...(isThinEdge ? THIN_EDGE_PROBES : []),
    CERTIFICATE_PROBE,
    ...(isUnregistered ? UNREGISTERED_PROBES : CREDENTIALS_PROBES),
    // Devices, and what they declare, are thin-edge.io's.
    ...(isThinEdge ? [] : DEVICE_PROBES),
    REMOTE_ACCESS_PROBE,
    ...(isThinEdge ? [] : [MQTT_PROBE]),
    ...targetProbes(config),
  ];
}

/** A line or more for each, as it comes, and on a terminal what is going on. */
async function tellProbes(
  probes: readonly Probe[],
  context: ProbeContext,
  { loaded: { file, warnings }, io, redactor }: { loaded: LoadedConfig; io: Io; redactor: Redactor },
): Promise<readonly ProbeResult[]> {
  const terminal = new Terminal(io.stdout, io.env);
  const spinner = new Spinner(terminal, () => performance.now());
  tellWarnings(warnings, io);
  terminal.line(
    `${terminal.paint('green', 'ok')}       configuration: ${printable(file ?? 'from the environment')}`,
  );
  let started = 0;
  const results = await runProbes(probes, context, {
    onStart: ({ title }) => spinner.show(`${(started += 1)}/${probes.length}`, title),
    onResult: (result) => {
      spinner.stop();
      for (const line of resultLines(result, terminal)) terminal.line(redactor.redact(line));
    },
  });
  terminal.line();
  terminal.line(summary(results, terminal));
  return results;
}

function exitCodeOf(results: readonly ProbeResult[]): ExitCode {
  for (const { outcome } of results) if (outcome.status === 'failed') return outcome.exit;
  return EXIT.done;
}

function tellWarnings(warnings: readonly string[], io: Io): void {
  const terminal = new Terminal(io.stderr, io.env);
  for (const warning of warnings)
    terminal.line(`${terminal.paint('yellow', 'warning')}  ${printable(warning)}`);
}

function writeJson(io: Io, document: unknown): void {
  io.stdout.write(`${jsonText(document)}\n`);
}

function jsonText(document: unknown): string {
  return JSON.stringify(document, null, 2);
}
