import type { ChildConfig, Conduit, Config } from './config.js';
import { changedKeys } from './reload.js';
import { formatDuration, formatRate } from './values.js';
import { portsText, viewOf } from './view.js';

/** One thing that is other in a configuration than in the one before, for people; secrets are masked. */
export interface Change {
  /** `limits.sessions`, `conduits[packaging-hmis].window`, `device.children[plc-17].targets`. */
  readonly key: string;
  /** `(none)` for what was not there, like `to`. */
  readonly from: string;
  readonly to: string;
  /** Of a conduit, where it is written; of one that is gone, where it was. */
  readonly at?: string;
}

const NOTHING = '(none)';

/** Keys whose parts are compared one by one. */
const LISTS = ['conduits', 'device.children'] as const;

/** What changes from one configuration to the next: keys in the order of the documentation, then conduits and children by name. */
export function difference(old: Config, fresh: Config): readonly Change[] {
  const keys = changedKeys(old, fresh).filter((key) => !LISTS.some((list) => list === key));
  return [
    ...keys.map((key) => change(key, viewOf(key, old), viewOf(key, fresh))),
    ...conduitChanges(old.conduits, fresh.conduits),
    ...orderChange(old.conduits, fresh.conduits),
    ...childChanges(old.device.children, fresh.device.children),
  ];
}

function change(key: string, from: string | undefined, to: string | undefined, at?: string): Change {
  // Two that look the same, and are not: what differs is masked.
  const shown = from === to ? `${to ?? NOTHING} (another one)` : (to ?? NOTHING);
  return { key, from: from ?? NOTHING, to: shown, ...(at === undefined ? {} : { at }) };
}

function conduitChanges(old: readonly Conduit[], fresh: readonly Conduit[]): Change[] {
  return pairs(old, fresh, ({ name }) => name).flatMap(([name, before, after]) => {
    const { source } = after ?? before ?? {};
    const at = source === undefined ? undefined : `${source.file}:${source.line}`;
    const key = `conduits[${name}]`;
    if (before === undefined || after === undefined) {
      return [change(key, summary(before), summary(after), at)];
    }
    return fieldChanges(fieldsOf(before), fieldsOf(after)).map(([field, from, to]) =>
      change(`${key}.${field}`, from, to, at),
    );
  });
}

/** The first conduit that has a target decides, so their order is part of what they permit. */
function orderChange(old: readonly Conduit[], fresh: readonly Conduit[]): Change[] {
  const common = (all: readonly Conduit[], other: readonly Conduit[]): string =>
    all.flatMap(({ name }) => (other.some((one) => one.name === name) ? [name] : [])).join(', ');
  const [from, to] = [common(old, fresh), common(fresh, old)];
  return from === to ? [] : [change('conduits (order)', from, to)];
}

function childChanges(old: readonly ChildConfig[], fresh: readonly ChildConfig[]): Change[] {
  return pairs(old, fresh, ({ externalId }) => externalId).flatMap(([externalId, before, after]) => {
    const key = `device.children[${externalId}]`;
    if (before === undefined || after === undefined) return [change(key, before?.name, after?.name)];
    const fields = ({ name, targets }: ChildConfig): Fields =>
      new Map([
        ['name', name],
        ['targets', targets === undefined ? 'all conduits' : `[${targets.join(', ')}]`],
      ]);
    return fieldChanges(fields(before), fields(after)).map(([field, from, to]) =>
      change(`${key}.${field}`, from, to),
    );
  });
}

type Fields = ReadonlyMap<string, string>;

/** Name, before, after: of all that are in either list, in the order of the new one, then those that are gone. */
function pairs<T>(
  old: readonly T[],
  fresh: readonly T[],
  nameOf: (item: T) => string,
): [name: string, before: T | undefined, after: T | undefined][] {
  const before = new Map(old.map((item) => [nameOf(item), item]));
  const after = new Map(fresh.map((item) => [nameOf(item), item]));
  return [...new Set([...after.keys(), ...before.keys()])].map((name) => [
    name,
    before.get(name),
    after.get(name),
  ]);
}

function fieldChanges(before: Fields, after: Fields): [field: string, from?: string, to?: string][] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names]
    .map((name): [string, string | undefined, string | undefined] => [
      name,
      before.get(name),
      after.get(name),
    ])
    .filter(([, from, to]) => from !== to);
}

function summary(conduit: Conduit | undefined): string | undefined {
  if (conduit === undefined) return undefined;
  const fields = [...fieldsOf(conduit)].filter(([name]) => name !== 'host' && name !== 'ports');
  const rest = fields.map(([name, text]) => `, ${name} ${text}`).join('');
  return `${conduit.host}:${portsText(conduit.ports)}${rest}`;
}

/** Every key of a conduit that is set, as it may be written; so a key that is new to conduits is in it by itself. */
function fieldsOf(conduit: Conduit): Fields {
  const fields = new Map<string, string>();
  for (const [name, value] of Object.entries(conduit)) {
    if (name === 'name' || name === 'source') continue;
    const text = fieldText(name, value, conduit);
    if (text !== undefined) fields.set(name.replace(/(Ms|BytesPerSecond)$/, ''), text);
  }
  return fields;
}

function fieldText(name: string, value: unknown, conduit: Conduit): string | undefined {
  // False is how a switch is when it is left out; without a window the zone does nothing.
  if (value === undefined || value === false) return undefined;
  if (name === 'timeZone') return conduit.window === undefined ? undefined : conduit.timeZone;
  if (name === 'ports') return portsText(conduit.ports);
  if (name === 'window') return conduit.window?.times.map(({ text }) => text).join(', ');
  if (typeof value === 'number' && name.endsWith('Ms')) return formatDuration(value);
  if (typeof value === 'number' && name.endsWith('BytesPerSecond')) return formatRate(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
