import type { Conduit } from '../config/config.js';
import type { FailureCode } from '../../contract/failure.js';
import type { SessionCounters } from '../../contract/messages.js';
import { parseAddress, carriedIpv4 } from '../policy/address.js';
import type { Holder, SessionCounts } from '../policy/question.js';
import type { Term } from './term.js';
import { next, type EndReason, type SessionEvent, type SessionState } from '../../contract/session-state.js';

/** A session as the main thread knows it. */
export interface SessionRecord {
  readonly id: string;
  readonly operationId: string;
  readonly deviceId: string;
  /** Name of the conduit that allows it. */
  readonly conduit: string;
  /** Where the configuration had that conduit when it was allowed. */
  readonly source: Conduit['source'];
  readonly host: string;
  readonly port: number;
  /** The checked addresses; the session counts against the limit of each. Changed by the registry alone. */
  addresses: readonly string[];
  readonly startedAtMs: number;
  /** Real time of its start by the cloud's clock, in ms since 1970. */
  readonly sinceMs: number;
  /** Nobody else may use its target meanwhile. */
  isExclusive: boolean;
  /** What ends it by the clock. */
  readonly term: Term;
  /** Its conduit wanted approval on site when it began. */
  readonly asksOnSite: boolean;
  /** Undefined where the conduit asks nobody on site, and until somebody is asked. */
  approval: Approval | undefined;
  state: SessionState;
  /** Thread id; 0 until a worker has taken the session on. */
  worker: number;
  /** A worker was asked to connect it: target and cloud may have seen it from then on. */
  isDialled: boolean;
  /** By the cloud's clock, in ms since 1970; undefined while it connects. */
  openedAtMs: number | undefined;
  /** Why its operation has FAILED already; its sockets may take a moment longer. */
  failure: { readonly code: FailureCode; readonly sentence: string } | undefined;
  /** Asked to end before a worker had begun it. */
  endAtStart: readonly [reason: EndReason, detail: string] | undefined;
  uplinkBytes: number;
  downlinkBytes: number;
}

/** Where a session stands that somebody on site has to approve. */
export type Approval =
  /** Nothing is dialled; `end` gives the waiting up. */
  | { readonly kind: 'waiting'; readonly end: (reason: EndReason, detail: string) => void }
  | { readonly kind: 'approved'; readonly by: string; readonly way: string; readonly waitedMs: number };

/** A session that another generation of the agent keeps: this one only counts it. */
export type Guest = Pick<SessionRecord, 'id' | 'conduit' | 'addresses' | 'port'> &
  // An earlier version of the agent does not tell these.
  Partial<Pick<SessionRecord, 'operationId' | 'sinceMs' | 'isExclusive'>>;

/** Ends of guests that are remembered, as they may be told of before the guest is; ids are ten characters. */
const MAX_DISMISSED = 10_000;

/**
 * All sessions from the decision until both sockets are gone, with the counts that limits need. Bounded by
 * limits.sessions: nothing is added before a decision that looked at these counts.
 */
export class SessionRegistry {
  readonly #records = new Map<string, SessionRecord>();
  readonly #connecting = new Set<SessionRecord>();
  readonly #perConduit = new Map<string, number>();
  readonly #perTarget = new Map<string, Set<Guest>>();
  readonly #guests = new Map<string, Guest>();
  /** Guests that ended while control was handed over; the oldest is forgotten first. */
  readonly #dismissed = new Set<string>();

  /** What limits are compared with: also the sessions of other generations. */
  readonly counts: SessionCounts = counting(this, this.#guests);

  get sessions(): number {
    return this.#records.size;
  }

  /** Sessions that are not up yet. */
  get connecting(): number {
    return this.#connecting.size;
  }

  ofConduit(name: string): number {
    return this.#perConduit.get(name) ?? 0;
  }

  ofTarget(address: string, port: number): number {
    return this.#perTarget.get(targetKey(address, port))?.size ?? 0;
  }

  /** The first session to a target, an exclusive one before all others; one of those that count. */
  holderOf(address: string, port: number, except?: string): Holder | undefined {
    const all = [...(this.#perTarget.get(targetKey(address, port)) ?? [])];
    const sessions = all.filter(({ id }) => id !== except);
    const first = sessions.find(({ isExclusive }) => isExclusive) ?? sessions[0];
    return first === undefined ? undefined : holder(first);
  }

  /** Sessions to the same target that began before this one, in all generations. */
  earlierAt({ id, addresses, port }: SessionRecord): Guest[] {
    return addresses.flatMap((address) => {
      const sessions = [...(this.#perTarget.get(targetKey(address, port)) ?? [])];
      const place = sessions.findIndex((one) => one.id === id);
      // Generations take turns: what another one has began before this one was in charge.
      return sessions.filter((one, index) => index < place || this.#guests.has(one.id));
    });
  }

  get(id: string): SessionRecord | undefined {
    return this.#records.get(id);
  }

  all(): IterableIterator<SessionRecord> {
    return this.#records.values();
  }

  /** Those that are not up yet, oldest first. */
  allConnecting(): IterableIterator<SessionRecord> {
    return this.#connecting.values();
  }

  add(record: SessionRecord): void {
    this.#records.set(record.id, record);
    this.#connecting.add(record);
    this.#occupy(record);
  }

  remove(record: SessionRecord): void {
    if (!this.#records.delete(record.id)) return;
    this.#connecting.delete(record);
    this.#vacate(record);
  }

  /** Counts the session against other addresses from here on: its name was resolved anew. */
  readdress(record: SessionRecord, addresses: readonly string[]): void {
    if (!this.#records.has(record.id)) return;
    this.#vacate(record);
    record.addresses = addresses;
    this.#occupy(record);
  }

  /** The counts as they would be without this session: for deciding about it once more. */
  countsWithout(record: SessionRecord): SessionCounts {
    const keys = targetKeys(record);
    const isIt = (address: string, port: number): boolean => keys.has(targetKey(address, port));
    return {
      sessions: this.counts.sessions - 1,
      ofConduit: (name) => this.counts.ofConduit(name) - (name === record.conduit ? 1 : 0),
      ofTarget: (address, port) => this.counts.ofTarget(address, port) - (isIt(address, port) ? 1 : 0),
      holderOf: (address, port) => this.holderOf(address, port, record.id),
    };
  }

  /** Counts a session of another generation until `dismiss`; once, however often it is told of. */
  welcome(guest: Guest): void {
    const isKnown = this.#guests.has(guest.id) || this.#records.has(guest.id);
    if (isKnown || this.#dismissed.has(guest.id)) return;
    this.#guests.set(guest.id, guest);
    this.#occupy(guest);
  }

  /** The session of another generation has ended, also one that nobody has told of yet. */
  dismiss(id: string): void {
    const guest = this.#guests.get(id);
    if (guest !== undefined) {
      this.#guests.delete(id);
      this.#vacate(guest);
    }
    this.#dismissed.add(id);
    const [oldest] = this.#dismissed;
    if (this.#dismissed.size > MAX_DISMISSED && oldest !== undefined) this.#dismissed.delete(oldest);
  }

  /** Sessions of other generations, as they stand under the conduit of that name; undefined leaves them as they are. */
  regrade(isExclusive: (conduit: string) => boolean | undefined): void {
    for (const guest of this.#guests.values())
      guest.isExclusive = isExclusive(guest.conduit) ?? guest.isExclusive;
  }

  #occupy(session: Guest): void {
    count(this.#perConduit, session.conduit, 1);
    for (const key of targetKeys(session)) {
      const sessions = this.#perTarget.get(key);
      if (sessions === undefined) this.#perTarget.set(key, new Set([session]));
      else sessions.add(session);
    }
  }

  #vacate(session: Guest): void {
    count(this.#perConduit, session.conduit, -1);
    for (const key of targetKeys(session)) {
      const sessions = this.#perTarget.get(key);
      sessions?.delete(session);
      if (sessions?.size === 0) this.#perTarget.delete(key);
    }
  }

  /** The record after `event`, or undefined when the session is unknown by now. */
  apply(id: string, event: SessionEvent): SessionRecord | undefined {
    const record = this.#records.get(id);
    if (record === undefined) return undefined;
    record.state = next(record.state, event);
    if (record.state !== 'connecting') this.#connecting.delete(record);
    return record;
  }

  /** Takes over counters and returns what they grew by. */
  count({ sessionId, uplinkBytes, downlinkBytes }: SessionCounters): { uplink: number; downlink: number } {
    const record = this.#records.get(sessionId);
    if (record === undefined) return { uplink: 0, downlink: 0 };
    const grown = {
      uplink: uplinkBytes - record.uplinkBytes,
      downlink: downlinkBytes - record.downlinkBytes,
    };
    record.uplinkBytes = uplinkBytes;
    record.downlinkBytes = downlinkBytes;
    return grown;
  }
}

function counting(registry: SessionRegistry, guests: ReadonlyMap<string, Guest>): SessionCounts {
  return {
    get sessions() {
      return registry.sessions + guests.size;
    },
    ofConduit: (name) => registry.ofConduit(name),
    ofTarget: (address, port) => registry.ofTarget(address, port),
    holderOf: (address, port) => registry.holderOf(address, port),
  };
}

function holder({ id, operationId, conduit, sinceMs, isExclusive }: Guest): Holder {
  return { sessionId: id, operationId, conduit, sinceMs, isExclusive: isExclusive === true };
}

/** An IPv6 address that leads to an IPv4 one (NAT64 and the like) is the same target as that. */
function targetKey(text: string, port: number): string {
  const address = text.includes(':') ? parseAddress(text) : undefined;
  const carried = address === undefined ? undefined : carriedIpv4(address);
  return `${carried?.address.text ?? text} ${port}`;
}

function targetKeys({ addresses, port }: Guest): Set<string> {
  return new Set(addresses.map((address) => targetKey(address, port)));
}

/** Counts per key; a key that is back at zero is forgotten, so the maps are as large as the sessions are many. */
function count(map: Map<string, number>, key: string, by: 1 | -1): void {
  const value = (map.get(key) ?? 0) + by;
  if (value === 0) map.delete(key);
  else map.set(key, value);
}
