import { loadConfig, type LoadedConfig } from '../config/load.js';
import { registerSecrets } from '../log/secrets.js';
import { ConfigError } from '../config/problem.js';
import type { Config } from '../config/config.js';
import { EXIT } from '../exit-codes.js';
import { Gateway } from '../gateway.js';
import { stateExitCode } from '../cli/state-exit-code.js';
import { StateError } from '../journal/state-error.js';
import { logUncaught } from '../log/last-words.js';
import { createLog, type Log } from '../log/log.js';
import { Redactor } from '../log/redaction.js';
import { Lease } from './lease.js';
import { PROTOCOL, type Note, type ParentMessage, type Question } from './messages.js';
import { Inquiries, type ParentPort } from './parent-port.js';

export interface GenerationOptions {
  /** From --config; without it the default files are looked for. */
  readonly file: string | undefined;
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly isTerminal: boolean;
  readonly port: ParentPort;
  /** Monotonic, in ms. */
  readonly now: () => number;
}

/** Longest wait for a destination of the log that is slow, before the last attempt, in ms. */
const LOG_FLUSH_MS = 500;

/** One generation of the agent, from its configuration to its last session. Gives the exit code. */
export async function runGeneration(options: GenerationOptions): Promise<number> {
  const { port, file, env, cwd, isTerminal } = options;
  const load = (): LoadedConfig => loadConfig({ file, env, cwd, isTerminal });
  let loaded: LoadedConfig;
  try {
    loaded = load();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    await port.send({ kind: 'failed', exitCode: EXIT.config, sentences: error.message.split('\n') });
    return EXIT.config;
  }
  const redactor = new Redactor();
  registerSecrets(redactor, loaded.config);
  const { log, sink } = createLog({ ...loaded.config.log, redactor });
  logUncaught(log, sink);
  for (const warning of loaded.warnings) log.warn({}, warning);
  const exitCode = await new Generation(options, load, log, redactor, () => sink.dropped).run(loaded);
  await sink.flush(LOG_FLUSH_MS);
  sink.flushSync();
  return exitCode;
}

/** The part of it that obeys the parent. */
class Generation {
  readonly #exit: Promise<number>;
  readonly #lease: Lease;
  readonly #inquiries: Inquiries;
  readonly #orders: ParentMessage[] = [];
  #resolve: (exitCode: number) => void = () => undefined;
  #onPrepare: (order: Extract<ParentMessage, { kind: 'prepare' }>) => void = () => undefined;
  #gateway: Gateway | undefined;
  #config: Config | undefined;
  #file: string | undefined;
  #generation = 0;
  #elders: readonly number[] = [];
  #role: 'standby' | 'in-charge' | 'elder' = 'standby';
  #isObeying = false;
  #isEnding = false;

  constructor(
    private readonly options: GenerationOptions,
    private readonly load: () => LoadedConfig,
    private readonly log: Log,
    private readonly redactor: Redactor,
    private readonly logDropped: () => number,
  ) {
    this.#exit = new Promise((resolve) => (this.#resolve = resolve));
    this.#inquiries = new Inquiries(options.port);
    this.#lease = new Lease({ ask: () => this.#inquiries.confirm(), now: options.now });
  }

  async run({ config, file }: LoadedConfig): Promise<number> {
    const { port } = this.options;
    this.#config = config;
    this.#file = file;
    const prepared = new Promise<Extract<ParentMessage, { kind: 'prepare' }>>((resolve) => {
      this.#onPrepare = resolve;
    });
    port.onMessage((message) => this.#onMessage(message));
    port.onGone(() => {
      // A parent that could not start ends before its first generation has a number, or behind one that has failed.
      const isOrphaned = this.#generation > 0 && !this.#isEnding;
      if (isOrphaned) this.log.warn({}, 'the parent process is gone, stopping');
      this.#resolve(EXIT.done);
    });
    void port.send({ kind: 'loaded', protocol: PROTOCOL, stateDirectory: config.state.directory ?? null });
    void prepared.then((order) => this.#prepare(order));
    const exitCode = await this.#exit;
    this.#isEnding = true;
    this.#lease.stop();
    await this.#gateway?.stop();
    if (this.#generation > 0) this.log.info({ generation: this.#generation, exitCode }, 'gatehouse stopped');
    await port.send({ kind: 'stopped', exitCode });
    return exitCode;
  }

  async #prepare(order: Extract<ParentMessage, { kind: 'prepare' }>): Promise<void> {
    const { log, redactor, options } = this;
    const { generation, elders, stateDirectory, proveCloud } = order;
    this.#generation = generation;
    this.#elders = elders;
    if (this.#config === undefined) return;
    const config = { ...this.#config, state: { directory: stateDirectory ?? undefined } };
    this.#config = config;
    try {
      this.#gateway = new Gateway({
        config,
        version: options.version,
        log,
        redactor,
        logDropped: this.logDropped,
        renewCredentials: (why) => this.#freshCredentials(why),
        generation,
        elders,
        others: this.#others(),
        onFatal: () => this.#resolve(EXIT.failed),
        onDrained: () => this.#resolve(EXIT.done),
      });
      await this.#gateway.prepare(proveCloud);
      void options.port.send({ kind: 'ready' });
    } catch (error) {
      await this.#fail(error);
    }
  }

  /** Before it is in charge, a failure is the parent's to tell; the log has it too, with all that is known. */
  async #fail(error: unknown): Promise<void> {
    this.log.fatal({ err: error, generation: this.#generation }, 'gatehouse cannot start');
    const sentence = error instanceof Error ? error.message : String(error);
    const exitCode = error instanceof StateError ? stateExitCode(error) : EXIT.failed;
    this.#isEnding = true;
    await this.options.port.send({ kind: 'failed', exitCode, sentences: [sentence] });
    this.#resolve(exitCode);
  }

  #others() {
    const { port } = this.options;
    const elders = () => this.#elders;
    return {
      lease: this.#lease,
      elders: {
        get alive() {
          return elders();
        },
        ask: this.#inquiries.ask.bind(this.#inquiries),
        drain: () => void port.send({ kind: 'drain-asked' }),
      },
      onLink: (connected: boolean) => void port.send({ kind: 'link', connected }),
      onNews: (news: object) => {
        if (this.#role === 'elder') void port.send({ kind: 'news', news });
      },
      onSessionGone: (sessionId: string) => {
        if (this.#role === 'elder') void port.send({ kind: 'session-ended', sessionId });
      },
    };
  }

  #onMessage(message: ParentMessage): void {
    switch (message.kind) {
      case 'prepare':
        return this.#onPrepare(message);
      case 'release':
        // At once, whatever else is under way: from here nothing may be claimed.
        this.#lease.set(false);
        return this.#order(message);
      case 'take-over':
      case 'retire':
      case 'elder-ended':
        return this.#order(message);
      case 'stop':
        return this.#resolve(EXIT.done);
      case 'drain':
        return this.#gateway?.drain();
      case 'expire':
        return this.#expire(message);
      case 'adopt':
        return this.#gateway?.supervisor.adopt(message.handOver);
      case 'guest-gone':
        return this.#gateway?.supervisor.registry.dismiss(message.sessionId);
      case 'confirmed':
        return this.#inquiries.answered(message.id, message.inCharge);
      case 'answer':
        return this.#inquiries.answered(message.id, message.value);
      case 'ask':
        return void this.#answer(message.id, message.question);
      case 'news':
        return this.#gateway?.chronicle.onNews(message.news);
      case 'note':
        return this.#note(message);
    }
  }

  #note({ level, text, fields, problems }: Note): void {
    this.log[level](fields, text);
    if (problems === undefined) return;
    this.#gateway?.chronicle.reloadRefused(problems.map((problem) => this.redactor.redact(problem)));
  }

  /** Changes of role, one after the other. */
  #order(order: ParentMessage): void {
    this.#orders.push(order);
    if (this.#isObeying) return;
    this.#isObeying = true;
    void this.#obey().finally(() => (this.#isObeying = false));
  }

  async #obey(): Promise<void> {
    for (let order = this.#orders.shift(); order !== undefined; order = this.#orders.shift()) {
      if (order.kind === 'take-over') await this.#takeOver(order);
      else if (order.kind === 'release') await this.#release();
      else if (order.kind === 'retire') this.#retire();
      else if (order.kind === 'elder-ended') await this.#onElderEnded(order);
    }
  }

  async #takeOver(order: Extract<ParentMessage, { kind: 'take-over' }>): Promise<void> {
    const { elders, ended, handOver, admin: before, isOverdue } = order;
    const { log, options } = this;
    if (this.#gateway === undefined || this.#config === undefined) return;
    const isFirst = this.#role === 'standby';
    // At its first take-over the journal recovers all but those that were alive when this generation was made.
    const gone = this.#elders.filter((elder) => !elders.includes(elder));
    this.#elders = elders;
    try {
      this.#role = 'in-charge';
      this.#lease.set(true);
      const admin = await this.#gateway.takeOver(handOver, {
        ended: isFirst ? gone : [...new Set([...gone, ...ended])],
        admin: before,
        mayAdminWait: isOverdue,
      });
      const { conduits, device, intake, workers } = this.#config;
      const facts = { conduits: conduits.length, device: device.externalId, intake: intake.kind };
      const about = { version: options.version, config: this.#file, generation: this.#generation, ...facts };
      const text = isFirst ? 'gatehouse started' : 'back in charge';
      log.info({ ...about, workers: workers.count, admin }, text);
      if (conduits.length === 0) log.warn({}, 'no conduit is configured: every operation will be refused');
      void options.port.send({ kind: 'in-charge', admin: admin?.kind === 'tcp' ? admin : undefined });
    } catch (error) {
      this.#lease.set(false);
      await this.#fail(error);
    }
  }

  async #release(): Promise<void> {
    if (this.#gateway === undefined) return;
    if (this.#role !== 'elder') {
      this.#role = 'elder';
      const { registry } = this.#gateway.supervisor;
      const handOver = await this.#gateway.release();
      // Those that ended in the meantime were told of already, and would be guests for ever.
      const guests = handOver.guests.filter(({ id }) => registry.get(id) !== undefined);
      void this.options.port.send({ kind: 'released', handOver: { ...handOver, guests } });
      const { sessions } = registry;
      this.log.info({ generation: this.#generation, sessions }, 'control given up');
    }
  }

  /** Another generation is in charge. A configuration that is invalid by now changes nothing. */
  #retire(): void {
    const gateway = this.#gateway;
    if (gateway === undefined || this.#role !== 'elder') return;
    try {
      const { config } = this.load();
      registerSecrets(this.redactor, config);
      gateway.reload(config);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const problems = error.message.split('\n');
      this.log.error({ problems }, 'the configuration is invalid, the old one stays in force');
    }
    gateway.retire(() => {
      if (this.#role === 'elder') this.#resolve(EXIT.done);
    });
  }

  /** Nobody asked for a reload: an invalid configuration is told when a file has changed, not at every refusal. */
  #freshCredentials(why: 'refused' | 'changed'): Config['cloud'] | undefined {
    try {
      const { config } = this.load();
      registerSecrets(this.redactor, config);
      return config.cloud;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      if (why === 'changed')
        this.log.warn({ problems: error.message.split('\n') }, 'the configuration is invalid');
      return undefined;
    }
  }

  #expire({ afterMs, spreadMs }: Extract<ParentMessage, { kind: 'expire' }>): void {
    const fields = { generation: this.#generation, afterMs, spreadMs };
    this.log.warn(fields, 'too many generations: this one ends its sessions');
    setTimeout(() => this.#gateway?.expire(spreadMs), afterMs);
  }

  async #onElderEnded({
    generation,
    sessions,
  }: Extract<ParentMessage, { kind: 'elder-ended' }>): Promise<void> {
    this.#elders = this.#elders.filter((elder) => elder !== generation);
    for (const id of sessions) this.#gateway?.supervisor.registry.dismiss(id);
    try {
      await this.#gateway?.recover(generation);
    } catch (error) {
      this.log.error({ err: error, generation }, 'what a generation left could not be recovered');
    }
  }

  async #answer(id: number, question: Question): Promise<void> {
    const value = await this.#valueOf(question).catch(() => undefined);
    void this.options.port.send({ kind: 'answer', id, value });
  }

  async #valueOf(question: Question): Promise<unknown> {
    switch (question.kind) {
      case 'status':
        return this.#gateway?.own.status();
      case 'sessions':
        return this.#gateway?.own.sessions();
      case 'metrics':
        return this.#gateway?.metrics();
      case 'activity':
        return this.#gateway?.chronicle.forOthers();
      case 'approvals':
        return this.#gateway?.own.approvals();
      case 'answer-approval':
        return this.#gateway?.own.answerApproval(question.approval, question.answer);
      case 'bandwidth':
        return this.#gateway?.takeBandwidth(question);
      case 'close':
        return this.#gateway?.own.close(question.sessionId);
    }
  }
}
