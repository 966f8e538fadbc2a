import { EventEmitter } from 'node:events';
import { invalid } from './store/platform-error.js';
import { wildcard } from './wildcard.js';
import { parseFaults } from './fault-parser.js';

/** What goes wrong with a request, WebSocket upgrades included. The first rule that matches decides. */
export interface RequestFault {
  /** Default: any. */
  readonly method?: string;
  /** Path without query; `*` stands for any text. Default: any. */
  readonly path?: string;
  /** How often; then the rule is spent. Default: without end. */
  readonly times?: number;
  /** Wait before anything else, in ms. */
  readonly latencyMs?: number;
  /** Answered instead of the real thing. */
  readonly status?: number;
  /** `Retry-After` of that answer, in seconds. */
  readonly retryAfterSeconds?: number;
  /** `Location` of that answer, for redirects that nobody should follow. */
  readonly location?: string;
  /** Size of the body of that answer, in bytes. Default: a small error document. */
  readonly bodyBytes?: number;
  /** Instead of an answer: say nothing for ever, FIN, or RST. */
  readonly instead?: 'silence' | 'close' | 'reset';
}

/** What goes wrong with a tunnel once both sides are there, and with those that are open already. */
export interface TunnelFault {
  /** Which of the two sockets. Default `device`. */
  readonly side?: 'device' | 'client';
  readonly action:
    | /** FIN without a close frame. */ 'cut'
    | /** RST. */ 'reset'
    | /** Close frame with `code` and `reason`. */ 'close'
    | /** Stops reading from this side until the rule is cleared. */ 'stall'
    | /** Pings are not answered. */ 'drop-pongs'
    | /** Every message to this side in frames of `bytes`, each a message of its own. */ 'split'
    | /** Every message to this side as one message in fragments of `bytes`. */ 'fragment'
    | /** One text frame, as the platform never sends. */ 'text';
  /** Bytes carried, both directions added, before it happens. Default 0: at once. */
  readonly afterBytes?: number;
  /** For `close`. Default 1011. */
  readonly code?: number;
  /** For `close`, at most 123 bytes. Default empty. */
  readonly reason?: string;
  /** For `split` and `fragment`. Default 1. */
  readonly bytes?: number;
  /** To how many tunnels; then the rule is spent. Default: without end. */
  readonly times?: number;
}

/** All faults in force; the JSON of `/simulator/faults`. */
export interface FaultSettings {
  readonly requests?: readonly RequestFault[];
  readonly tunnels?: readonly TunnelFault[];
}

interface Counted<T> {
  readonly rule: T;
  left: number;
}

/** Faults, settable while the cloud runs. Emits `changed` so that open tunnels follow. */
export class Faults extends EventEmitter<{ changed: [] }> {
  #requests: Counted<RequestFault>[] = [];
  #tunnels: Counted<TunnelFault>[] = [];

  constructor() {
    super();
    // Every open tunnel listens; how many there are is bounded by the remote-access part.
    this.setMaxListeners(0);
  }

  /** Replaces what is in force. */
  set(settings: FaultSettings): void {
    this.#requests = (settings.requests ?? []).map(counted);
    this.#tunnels = (settings.tunnels ?? []).map(counted);
    this.emit('changed');
  }

  /** Replaces what is in force by a document from outside. @throws PlatformError 422 naming what is wrong. */
  setFrom(document: unknown): void {
    const parsed = parseFaults(document);
    if (typeof parsed === 'string') throw invalid('simulator', parsed);
    this.set(parsed);
  }

  /** What is still in force, with `times` counted down. */
  get(): FaultSettings {
    return { requests: this.#requests.flatMap(current), tunnels: this.#tunnels.flatMap(current) };
  }

  clear(): void {
    this.set({});
  }

  /** The fault of one request, used up by one. */
  takeRequest(method: string, pathname: string): RequestFault | undefined {
    return take(
      this.#requests,
      ({ rule }) =>
        (rule.method === undefined || rule.method.toUpperCase() === method) &&
        (rule.path === undefined || wildcard(rule.path).test(pathname)),
    );
  }

  /** The faults of one tunnel, each used up by one. `seen` are those it took before. */
  takeTunnel(seen: ReadonlySet<TunnelFault>): TunnelFault[] {
    const fresh = this.#tunnels.filter(({ rule, left }) => left > 0 && !seen.has(rule));
    for (const each of fresh) each.left -= 1;
    return fresh.map(({ rule }) => rule);
  }

  /** True while the rule has not been replaced or cleared. */
  holds(rule: TunnelFault): boolean {
    return this.#tunnels.some((each) => each.rule === rule);
  }
}

function counted<T extends { readonly times?: number }>(rule: T): Counted<T> {
  return { rule, left: rule.times ?? Number.POSITIVE_INFINITY };
}

function current<T extends { readonly times?: number }>({ rule, left }: Counted<T>): T[] {
  if (left === 0) return [];
  return [rule.times === undefined ? rule : { ...rule, times: left }];
}

function take<T>(rules: readonly Counted<T>[], matches: (each: Counted<T>) => boolean): T | undefined {
  const found = rules.find((each) => each.left > 0 && matches(each));
  if (found !== undefined) found.left -= 1;
  return found?.rule;
}
