import { promises as dns } from 'node:dns';
import { isIP } from 'node:net';
import { GatehouseError } from '../../contract/failure.js';
import { MAX_ADDRESSES } from '../../contract/limits.js';
import { HostsFile } from './hosts-file.js';
import { LookupGate } from './lookup-gate.js';

/** First wait for a name server in ms; c-ares doubles it for the second try. */
const SERVER_TIMEOUT_MS = 1_000;
const SERVER_TRIES = 2;

/** Longest time of a resolution, waiting in line included, in ms. Two tries at one server take 3 s. */
const DEADLINE_MS = 4_000;

/** How long the other address family may still take once one has answered, in ms. Some servers never answer AAAA. */
const OTHER_FAMILY_MS = 500;

/** Names asked for at once: each has a socket or two, and silent ones last for the whole deadline. */
const MAX_LOOKUPS = 256;

/** Names waiting for their turn; as many as sessions may start at once. */
const MAX_WAITING = 10_000;

/** Longest time an answer is kept where the caller asks for it, in ms, and how many; only the cloud's hosts are. */
const MAX_CACHE_MS = 60_000;
const MAX_CACHED = 32;

export interface ResolverOptions {
  /** Name servers as `address` or `address:port`; default: those of the system, read anew for each name. */
  readonly servers?: readonly string[];
  /** Default `/etc/hosts`. */
  readonly hostsFile?: string;
  /** Milliseconds that only go up; for the cache and the deadline. Default performance.now. */
  readonly now?: () => number;
  /** Default 4 000. */
  readonly deadlineMs?: number;
}

export interface ResolveOptions {
  /** Take an answer that is at most its TTL and 60 s old. For the cloud's own host; never for a target. */
  readonly cached?: boolean;
  /** Gives up waiting with code `cancelled`. */
  readonly signal?: AbortSignal;
}

export interface Resolved {
  /** IPv4 first, each once; 1 to MAX_ADDRESSES of them. Nobody has judged them yet. */
  readonly addresses: readonly string[];
}

interface Answer extends Resolved {
  /** How long it may be kept, in ms. */
  readonly ttlMs: number;
}

/**
 * Finds the addresses of a host: literals and localhost as such, then the hosts file, then DNS. getaddrinfo is not used:
 * it runs on four threads that file access shares, so a silent name server would hold up everything.
 *
 * Names are asked for as they are, without the search domains of resolv.conf.
 */
export class Resolver {
  readonly #options: ResolverOptions;
  readonly #now: () => number;
  readonly #deadlineMs: number;
  readonly #hosts: HostsFile;
  readonly #gate = new LookupGate(MAX_LOOKUPS, MAX_WAITING);
  readonly #flights = new Map<string, Promise<Answer>>();
  readonly #cache = new Map<string, { resolved: Resolved; until: number }>();
  readonly #lookups = new Set<dns.Resolver>();
  #isClosed = false;

  constructor(options: ResolverOptions = {}) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#deadlineMs = options.deadlineMs ?? DEADLINE_MS;
    this.#hosts = new HostsFile(options.hostsFile ?? '/etc/hosts');
  }

  /**
   * The addresses of a host in normal form, within 4 s. Callers that ask for the same name at the same time share one
   * lookup.
   *
   * @throws GatehouseError `target-unresolved` when there are none, `cancelled` after `signal` or `close`.
   */
  async resolve(host: string, { cached = false, signal }: ResolveOptions = {}): Promise<Resolved> {
    if (isIP(host) !== 0) return { addresses: [host] };
    if (host === 'localhost' || host.endsWith('.localhost')) return { addresses: ['127.0.0.1', '::1'] };
    const kept = cached ? this.#cache.get(host) : undefined;
    if (kept !== undefined && this.#now() < kept.until) return kept.resolved;
    const { addresses, ttlMs } = await orAborted(this.#flight(host), host, signal);
    const resolved = { addresses };
    if (cached) this.#keep(host, resolved, ttlMs);
    return resolved;
  }

  /** Fails what is being looked up and whatever comes later. */
  close(): void {
    this.#isClosed = true;
    for (const lookup of this.#lookups) lookup.cancel();
  }

  #flight(host: string): Promise<Answer> {
    const running = this.#flights.get(host);
    if (running !== undefined) return running;
    const flight = this.#find(host).finally(() => this.#flights.delete(host));
    this.#flights.set(host, flight);
    // Everybody may have given up by the time it fails.
    flight.catch(() => undefined);
    return flight;
  }

  async #find(host: string): Promise<Answer> {
    const startedAt = this.#now();
    const local = await this.#hosts.lookup(host);
    if (local.length > 0) return { addresses: local.slice(0, MAX_ADDRESSES), ttlMs: 0 };
    const leftMs = () => Math.max(0, this.#deadlineMs - (this.#now() - startedAt));
    const noTurn = `Too many names are being looked up, so that ${host} had no turn; try again`;
    if (!(await this.#gate.enter(leftMs()))) throw unresolved(noTurn);
    try {
      if (this.#isClosed) throw cancelled(host);
      if (leftMs() === 0) throw unresolved(noTurn);
      return await this.#ask(host, leftMs);
    } finally {
      this.#gate.leave();
    }
  }

  /** Asks for both families at once, each lookup on a channel of its own, so that it can be cancelled alone. */
  async #ask(host: string, leftMs: () => number): Promise<Answer> {
    const lookup = new dns.Resolver({ timeout: SERVER_TIMEOUT_MS, tries: SERVER_TRIES });
    if (this.#options.servers !== undefined) lookup.setServers(this.#options.servers);
    this.#lookups.add(lookup);
    let timer = setTimeout(() => lookup.cancel(), leftMs());
    const hurry = () => {
      clearTimeout(timer);
      timer = setTimeout(() => lookup.cancel(), Math.min(OTHER_FAMILY_MS, leftMs()));
    };
    try {
      const answers = await Promise.allSettled(
        [lookup.resolve4(host, { ttl: true }), lookup.resolve6(host, { ttl: true })].map(async (query) => {
          const records = await query;
          hurry();
          return records;
        }),
      );
      const records = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
      if (records.length > 0) return answerOf(records);
      if (this.#isClosed) throw cancelled(host);
      const seconds = ((this.#deadlineMs - leftMs()) / 1000).toFixed(1);
      const codes = answers.map((answer) =>
        answer.status === 'rejected' ? codeOf(answer.reason) : 'ENODATA',
      );
      throw unresolved(whyNot(host, codes, lookup.getServers(), seconds));
    } finally {
      clearTimeout(timer);
      this.#lookups.delete(lookup);
    }
  }

  #keep(host: string, resolved: Resolved, ttlMs: number): void {
    this.#cache.delete(host);
    if (ttlMs > 0) this.#cache.set(host, { resolved, until: this.#now() + Math.min(ttlMs, MAX_CACHE_MS) });
    const [oldest] = this.#cache.keys();
    if (this.#cache.size > MAX_CACHED && oldest !== undefined) this.#cache.delete(oldest);
  }
}

function answerOf(records: readonly { address: string; ttl: number }[]): Answer {
  const addresses = [...new Set(records.map(({ address }) => address))].slice(0, MAX_ADDRESSES);
  return { addresses, ttlMs: Math.min(...records.slice(0, MAX_ADDRESSES).map(({ ttl }) => ttl)) * 1000 };
}

/** The sentence for the codes of both families: silence is told before a refusal, and that before "no such name". */
function whyNot(host: string, codes: readonly string[], servers: readonly string[], seconds: string): string {
  const server =
    servers.length === 0 ? 'no name server is configured' : `asked ${servers.slice(0, 3).join(', ')}`;
  if (codes.some((code) => code === 'ETIMEOUT' || code === 'ECANCELLED')) {
    return `No answer from the name server for ${host} in ${seconds} s (${server}); check the gateway's DNS`;
  }
  const other = codes.find((code) => code !== 'ENOTFOUND' && code !== 'ENODATA');
  if (other !== undefined) {
    return `The name server could not answer for ${host}: ${other} (${server}); check the gateway's DNS`;
  }
  if (codes.includes('ENODATA')) return `The name ${host} has no address (${server}); check its DNS entry`;
  const short = host.includes('.') ? '' : ' with its domain';
  return `There is no host named ${host} (${server}); check the name${short}, or add it to /etc/hosts`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'EUNKNOWN';
}

function unresolved(clause: string): GatehouseError {
  return new GatehouseError('target-unresolved', `${clause}.`);
}

function cancelled(host: string): GatehouseError {
  return new GatehouseError('cancelled', `The lookup of ${host} was given up.`);
}

/** `flight`, or a failure as soon as `signal` aborts; the flight goes on for the others that share it. */
async function orAborted<T>(flight: Promise<T>, host: string, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return flight;
  if (signal.aborted) throw cancelled(host);
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(cancelled(host));
    signal.addEventListener('abort', onAbort, { once: true });
    flight.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
