import { loadConfig, type LoadedConfig } from '../config/load.js';
import { registerSecrets } from '../log/secrets.js';
import { ConfigError } from '../config/problem.js';
import type { Config } from '../config/config.js';
import { EXIT } from '../exit-codes.js';
import { Gateway } from '../gateway.js';
import { DirectoryLock } from '../journal/directory-lock.js';
import { StateError } from '../journal/state-error.js';
import { createLog, type Log } from '../log/log.js';
import { Redactor } from '../log/redaction.js';
import type { ProcessIo } from './process-io.js';
import { stateExitCode } from './state-exit-code.js';

export interface RunOptions {
  /** From --config; without it the default files are looked for. */
  readonly file: string | undefined;
  readonly version: string;
}

/** Longest wait for a destination of the log that is slow, before the last attempt, in ms. */
const LOG_FLUSH_MS = 500;

/** `gatehouse run`: the agent until it is told to stop. Gives the exit code. */
export async function run(options: RunOptions, io: ProcessIo): Promise<number> {
  const load = (): LoadedConfig =>
    loadConfig({ file: options.file, env: io.env, cwd: io.cwd, isTerminal: io.stdout.isTTY === true });
  const { config, warnings, file } = load();
  const redactor = new Redactor();
  registerSecrets(redactor, config);
  const { log, sink } = createLog({ ...config.log, redactor });
  for (const warning of warnings) log.warn({}, warning);
  // One agent alone uses a state directory, for all of its life.
  const lock =
    config.state.directory === undefined ? undefined : await DirectoryLock.take(config.state.directory);
  const exitCode = await new Running(options, io, log, redactor, load, () => sink.dropped).run(config, file);
  await lock?.release();
  await sink.flush(LOG_FLUSH_MS);
  sink.flushSync();
  return exitCode;
}

/** One run of the agent, from start to exit code. */
class Running {
  readonly #exit: Promise<number>;
  #resolve: (exitCode: number) => void = () => undefined;

  constructor(
    private readonly options: RunOptions,
    private readonly io: ProcessIo,
    private readonly log: Log,
    private readonly redactor: Redactor,
    private readonly load: () => LoadedConfig,
    private readonly logDropped: () => number,
  ) {
    this.#exit = new Promise((resolve) => (this.#resolve = resolve));
  }

  async run(config: Config, file: string | undefined): Promise<number> {
    const { log, redactor, logDropped } = this;
    const { version } = this.options;
    const onFatal = (): void => this.#resolve(EXIT.failed);
    const onDrained = (): void => this.#resolve(EXIT.done);
    const renewCredentials = (): Config['cloud'] | undefined => this.#freshCredentials();
    const parts = { config, version, log, redactor, logDropped, renewCredentials };
    const gateway = new Gateway({ ...parts, onFatal, onDrained });
    this.io.onInterrupt(() => this.#resolve(EXIT.done));
    this.io.onSignal('SIGUSR2', () => gateway.drain());
    this.io.onSignal('SIGHUP', () => this.#reload(gateway));
    try {
      const admin = await gateway.start();
      const { conduits, device, intake, workers } = config;
      const facts = { conduits: conduits.length, device: device.externalId, intake: intake.kind };
      log.info({ version, config: file, ...facts, workers: workers.count, admin }, 'gatehouse started');
      if (conduits.length === 0) log.warn({}, 'no conduit is configured: every operation will be refused');
    } catch (error) {
      log.fatal({ err: error }, 'gatehouse cannot start');
      this.#resolve(error instanceof StateError ? stateExitCode(error) : EXIT.failed);
    }
    const exitCode = await this.#exit;
    await gateway.stop();
    log.info({ exitCode }, 'gatehouse stopped');
    return exitCode;
  }

  /** Nobody asked for a reload: an invalid configuration is not told here, at every try. */
  #freshCredentials(): Config['cloud'] | undefined {
    try {
      const { config } = this.load();
      registerSecrets(this.redactor, config);
      return config.cloud;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return undefined;
    }
  }

  /** A configuration that is invalid changes nothing: the old one stays. */
  #reload(gateway: Gateway): void {
    try {
      const { config, warnings } = this.load();
      for (const warning of warnings) this.log.warn({}, warning);
      registerSecrets(this.redactor, config);
      gateway.reload(config);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const problems = error.message.split('\n');
      this.log.error({ problems }, 'the configuration is invalid, the old one stays in force');
    }
  }
}
