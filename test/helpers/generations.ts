import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { GenerationView, SessionView, StatusView } from '../../src/admin/backend.js';
import type { Tunnel } from '../../src/cli/connect/tunnel.js';
import type { LogLine } from './agent-process.js';
import { eventually } from './eventually.js';
import { randomNumbers, SeededBytes, SeededCheck } from './seeded-bytes.js';

/** An agent as a process of its own, seen from outside. */
export interface SeenAgent {
  readonly adminUrl: string;
  readonly command: { kill(signal: NodeJS.Signals): void };
  log(): LogLine[];
}

/** Longest wait for a new generation, in ms: on a busy machine most of it is the start of a process. */
const IN_CHARGE_MS = 60_000;

/** GET of the admin listener; undefined while nobody has it. */
export async function ask<T>(agent: SeenAgent, path: string): Promise<T | undefined> {
  try {
    const answer = await fetch(agent.adminUrl + path, { headers: { connection: 'close' } });
    return answer.ok ? ((await answer.json()) as T) : undefined;
  } catch {
    return undefined;
  }
}

/** Looks again and again until something is there. */
export async function poll<T>(
  look: () => Promise<T | undefined>,
  what: string,
  limitMs?: number,
): Promise<T> {
  let found: { readonly value: T } | undefined;
  let isLooking = false;
  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    void look().then((value) => {
      isLooking = false;
      if (value !== undefined) found ??= { value };
    });
  }, 50);
  return eventually(() => found?.value, what, limitMs).finally(() => clearInterval(timer));
}

/** All generations that are alive, oldest first, as the admin listener shows them. */
export async function generations(agent: SeenAgent): Promise<readonly GenerationView[]> {
  return (await ask<StatusView>(agent, '/api/status'))?.generations ?? [];
}

export async function sessions(agent: SeenAgent): Promise<readonly SessionView[]> {
  return (await ask<SessionView[]>(agent, '/api/sessions')) ?? [];
}

/** The generation in charge, once that is `number` or a later one and it can receive operations. */
export function inCharge(agent: SeenAgent, number: number): Promise<GenerationView> {
  return poll(
    async () => {
      const last = (await generations(agent)).at(-1);
      if (last === undefined || last.generation < number) return undefined;
      return (await fetch(`${agent.adminUrl}/readyz`).catch(() => undefined))?.ok === true ? last : undefined;
    },
    `generation ${number} in charge`,
    IN_CHARGE_MS,
  );
}

/** Reloads, and waits until the next generation is in charge and connected. */
export async function reload(agent: SeenAgent): Promise<GenerationView> {
  const before = (await generations(agent)).at(-1)?.generation ?? assert.fail('nobody is in charge');
  agent.command.kill('SIGHUP');
  return inCharge(agent, before + 1);
}

/** Gaps of the control connection in all hand-overs so far, in ms. */
export function gaps(agent: SeenAgent): number[] {
  return agent
    .log()
    .filter(({ msg }) => msg === 'control connection handed over')
    .map(({ gapMs }) => Number(gapMs));
}

export function linesOf(agent: SeenAgent, msg: string): LogLine[] {
  return agent.log().filter((line) => line.msg === msg);
}

/** Whether a process is there; it may be a zombie that its parent has not looked at. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Bytes of a seed that travel through a tunnel to an echo and back, a little at a time, until it is stopped. */
export class SteadyStream {
  readonly #source: SeededBytes;
  readonly #check: SeededCheck;
  readonly #timer: NodeJS.Timeout;

  constructor(
    readonly tunnel: Tunnel,
    seed: string,
    /** Between pieces, in ms. */
    everyMs = 10,
  ) {
    this.#source = new SeededBytes(seed);
    this.#check = new SeededCheck(seed);
    tunnel.on('data', this.#check.take);
    tunnel.on('error', () => undefined);
    const random = randomNumbers(`pieces of ${seed}`);
    this.#timer = setInterval(() => {
      if (!tunnel.destroyed) tunnel.write(this.#source.next(1 + Math.floor(random() * 4_000)));
    }, everyMs);
  }

  /** Stops sending, and gives what is wrong once all bytes are back: nothing, it is hoped. */
  async verdict(): Promise<string | undefined> {
    clearInterval(this.#timer);
    if (this.tunnel.ending !== undefined) return `ended with ${JSON.stringify(this.tunnel.ending)}`;
    await eventually(
      () => this.#check.bytes === this.#source.bytes || this.#check.wrongAt !== undefined || undefined,
      'all bytes back',
    );
    return this.#check.wrongAt === undefined ? undefined : `wrong at ${this.#check.wrongAt}`;
  }
}

/** Processes that `pid` has started and that are there, oldest first (Linux). */
export function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  return children === '' ? [] : children.split(' ').map(Number);
}
