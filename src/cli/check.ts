import { ConfigError, problemText, sourceText } from '../config/problem.js';
import { loadConfig } from '../config/load.js';
import type { LoadedConfig } from '../config/load.js';
import { effectiveConfig, effectiveValues } from '../config/view.js';
import { EXIT } from '../exit-codes.js';
import type { ExitCode } from '../exit-codes.js';
import { Redactor } from '../log/redaction.js';
import { registerSecrets } from '../log/secrets.js';
import { CERTIFICATE_PROBE } from './check/certificate-probe.js';
import { CLOUD_PROBES } from './check/cloud-probes.js';
import { NETWORK_PROBES } from './check/network-probes.js';
import { runProbes } from './check/probe.js';
import type { Probe, ProbeResult } from './check/probe.js';
import { REMOTE_ACCESS_PROBE } from './check/remote-access-probe.js';
import { MQTT_PROBE, targetProbes } from './check/target-probes.js';
import { Terminal, printable } from './terminal.js';
import type { Io } from './terminal.js';

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
 * @returns 0, or the code of the first failure: 78 configuration, 69 cloud unreachable, 77 credentials, 1 anything else.
 */
export async function check(options: CheckOptions, io: Io): Promise<ExitCode> {
  const { env, cwd } = io;
  let loaded: LoadedConfig;
  try {
    loaded = loadConfig({ file: options.file, env, cwd, isTerminal: io.stdout.isTTY === true });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return tellInvalid(error, options, io);
  }
  return options.print === true ? print(loaded, options, io) : probe(loaded, options, io);
}

function tellInvalid(error: ConfigError, { json }: CheckOptions, io: Io): ExitCode {
  if (json === true) {
    const problems = error.problems.map((problem) => ({
      from: sourceText(problem.source),
      key: problem.key,
      message: problem.message,
      example: problem.example,
      text: problemText(problem),
    }));
    writeJson(io, { ok: false, exitCode: EXIT.config, problems });
  } else {
    const terminal = new Terminal(io.stderr, io.env);
    terminal.line(`${terminal.paint('red', 'failed')}   configuration`);
    for (const line of error.message.split('\n')) terminal.line(`  ${printable(line)}`);
  }
  return EXIT.config;
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

async function probe(loaded: LoadedConfig, options: CheckOptions, io: Io): Promise<ExitCode> {
  const { config, warnings, file } = loaded;
  const redactor = new Redactor();
  registerSecrets(redactor, config);
  const terminal = new Terminal(io.stdout, io.env);
  const isJson = options.json === true;
  const probes: readonly Probe[] = [
    ...NETWORK_PROBES,
    CERTIFICATE_PROBE,
    ...CLOUD_PROBES,
    REMOTE_ACCESS_PROBE,
    MQTT_PROBE,
    ...targetProbes(config),
  ];
  if (!isJson) {
    tellWarnings(warnings, io);
    terminal.line(
      `${terminal.paint('green', 'ok')}       configuration: ${printable(file ?? 'from the environment')}`,
    );
  }
  const results = await runProbes(
    probes,
    { config, facts: {}, now: options.now ?? Date.now },
    {
      onStart: ({ title }) => {
        if (!isJson) terminal.progress(`…        ${title}`);
      },
      onResult: (result) => {
        if (isJson) return;
        for (const line of resultLines(result, terminal)) terminal.line(redactor.redact(line));
      },
    },
  );
  const exitCode = exitCodeOf(results);
  if (isJson) {
    const checks = results.map(({ outcome, ...rest }) => ({ ...rest, ...outcome }));
    io.stdout.write(
      `${redactor.redact(jsonText({ ok: exitCode === EXIT.done, exitCode, file, warnings, checks }))}\n`,
    );
  } else {
    terminal.clear();
  }
  return exitCode;
}

/** `ok       TLS: …`, and for a failure what to do in a line of its own. */
function resultLines({ title, outcome }: ProbeResult, terminal: Terminal): string[] {
  const colour = { ok: 'green', failed: 'red', skipped: 'grey' } as const;
  const status =
    terminal.paint(colour[outcome.status], outcome.status) + ' '.repeat(9 - outcome.status.length);
  const lines = [`${status}${printable(`${title}: ${outcome.detail}`)}`];
  if (outcome.status === 'failed')
    lines.push(`         ${terminal.paint('yellow', 'to do:')} ${printable(outcome.advice)}`);
  return lines;
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
