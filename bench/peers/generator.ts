import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Result } from '../traffic/measurement.js';
import { readTrafficLine, type TrafficLine } from '../traffic/protocol.js';
import type { TrafficSettings } from '../traffic/settings.js';
import type { Child, Children } from './children.js';

const TRAFFIC = fileURLToPath(new URL('../traffic/main.js', import.meta.url));

/** Longest wait for it to listen, and for its sessions to come up, in ms. */
const READY_MS = 10_000;
const UP_MS = 70_000;

/** Told at the moment it happens. */
export interface EdgeEvents {
  onStart(): void;
  onWindow(line: TrafficLine & { readonly event: 'window' }): void;
}

/** The traffic generator as a process of its own, so that its processor time is not the system's under test. */
export class Generator {
  readonly #lines: AsyncIterator<string>;

  private constructor(
    private readonly children: Children,
    private readonly child: Child,
    private readonly settings: TrafficSettings,
  ) {
    this.#lines = createInterface({ input: child.output })[Symbol.asyncIterator]();
  }

  static async start(
    children: Children,
    settings: TrafficSettings,
    cores: readonly number[],
  ): Promise<Generator> {
    const command = [process.execPath, TRAFFIC, ...flagsOf(settings)] as const;
    return new Generator(children, await children.start(command, cores), settings);
  }

  /** Where it listens. */
  async ready(): Promise<TrafficLine & { readonly event: 'ready' }> {
    const line = await this.#next(READY_MS);
    if (line.event === 'ready') return line;
    throw new Error(`the traffic generator began with ${line.event}`);
  }

  /** The system under test listens: sessions may be dialled. */
  go(): void {
    this.child.input.write('go\n');
  }

  /** Follows the run to its end. @throws Error when the sessions do not come up or the generator ends. */
  async follow(events: EdgeEvents): Promise<Result> {
    const { warmUpMs, durationMs } = this.settings;
    for (;;) {
      const line = await this.#next(UP_MS + warmUpMs + durationMs);
      if (line.event === 'start') events.onStart();
      else if (line.event === 'window') events.onWindow(line);
      else if (line.event === 'result') return line.result;
    }
  }

  end(): Promise<void> {
    return this.children.end(this.child);
  }

  async #next(limitMs: number): Promise<TrafficLine> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('the traffic generator says nothing')), limitMs);
    });
    try {
      const next = await Promise.race([this.#lines.next(), late]);
      if (next.done === true) throw new Error(`the traffic generator ended: ${this.child.errorText()}`);
      const line = readTrafficLine(next.value);
      if (line.event === 'error') throw new Error(line.message);
      return line;
    } finally {
      clearTimeout(timer);
    }
  }
}

function flagsOf(settings: TrafficSettings): string[] {
  const values: readonly (readonly [string, string | number | undefined])[] = [
    ['--role', settings.role],
    ['--dial', settings.dialPort],
    ['--mode', settings.mode],
    ['--sessions', settings.sessions],
    ['--echo-sessions', settings.echoSessions],
    ['--warm-up', settings.warmUpMs / 1_000],
    ['--seconds', settings.durationMs / 1_000],
    ['--window', settings.windowMs / 1_000],
    ['--frame-kib', settings.frameBytes / 1_024],
    ['--write-kib', settings.writeBytes / 1_024],
    ['--think-ms', settings.thinkMs],
  ];
  const flags = values.flatMap(([flag, value]) => (value === undefined ? [] : [flag, String(value)]));
  return settings.tls ? [...flags, '--tls'] : flags;
}
