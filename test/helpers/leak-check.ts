import assert from 'node:assert/strict';
import type { Operation } from '../../simulator/store/operations.js';
import { Canaries } from './canaries.js';
import type { Traces } from './traces.js';

/** What a test gave to an agent. */
export interface Known {
  /** Secrets by name; those below eight characters are not looked for. */
  readonly secrets: Readonly<Record<string, string | undefined>>;
  /** Everything that the cloud ever asked for: each operation carries a connection key. */
  readonly operations: readonly Operation[];
  /** Environment that the test itself gave to the agent: what stands there may stand in /proc, too. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** Fails when a secret stands in one of the places, naming both, but not the secret. */
export function assertNoLeak(known: Known, ...places: readonly Traces[]): void {
  const canaries = canariesOf(known, () => true);
  const given = Object.values(known.env ?? {}).join('\n');
  const forEnvironment = given === '' ? canaries : canariesOf(known, (secret) => !given.includes(secret));
  for (const traces of [...places, reasonsOf(known.operations)]) {
    for (const [place, text] of traces) {
      const leak = (place.endsWith('/environ') ? forEnvironment : canaries).findIn(text, place);
      assert.equal(leak, undefined);
    }
  }
}

function canariesOf({ secrets, operations }: Known, isLookedFor: (secret: string) => boolean): Canaries {
  const canaries = new Canaries();
  const add = (name: string, secret: string): void => {
    if (isLookedFor(secret)) canaries.add(name, secret);
  };
  for (const [name, secret] of Object.entries(secrets)) if (secret !== undefined) add(name, secret);
  for (const operation of operations)
    add(`the connection key of operation ${operation.id}`, keyOf(operation));
  return canaries;
}

/** The reasons that the cloud got, which every user of the tenant can read. */
function reasonsOf(operations: readonly Operation[]): Traces {
  const reasons = new Map<string, string>();
  for (const { id, failureReason } of operations) {
    if (failureReason !== undefined) reasons.set(`the failure reason of operation ${id}`, failureReason);
  }
  return reasons;
}

function keyOf({ c8y_RemoteAccessConnect: fragment }: Operation): string {
  const key =
    typeof fragment === 'object' && fragment !== null && 'connectionKey' in fragment
      ? fragment.connectionKey
      : '';
  return typeof key === 'string' ? key : '';
}

/** The secrets in sections of a configuration, by the path of their key. */
export function secretsIn(sections: unknown, prefix = ''): Record<string, string> {
  if (typeof sections !== 'object' || sections === null) return {};
  const found: Record<string, string> = {};
  for (const [key, value] of Object.entries(sections)) {
    const name = prefix === '' ? key : `${prefix}.${key}`;
    if (typeof value !== 'string') Object.assign(found, secretsIn(value, name));
    else if (key === 'password' || key === 'token') found[name] = value;
    else if (key === 'proxy' && URL.canParse(value))
      found[name] = decodeURIComponent(new URL(value).password);
  }
  return found;
}
