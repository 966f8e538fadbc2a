import { z } from 'zod';
import { conduitHost, portList } from './addresses.js';
import { fits, patternForm } from './form.js';
import { key } from './key.js';
import type { KeySpec } from './key.js';
import { BadValue, MAX_TIMER_MS, duration, flag, parsed, rate, text, wholeNumber } from './values.js';
import { timeZone, weeklyTimes } from './weekly-time.js';

/** Most conduits and children; a gateway fronts hundreds of machines, and the file ends at 1 MiB anyway. */
const MAX_ENTRIES = 10_000;

/** Shortest limit on time, in ms; below it a session could not even be set up. */
export const MIN_TIMEOUT_MS = 100;

/** Largest number of sessions anywhere: two sockets each, and Linux gives a process at most about a million. */
export const MAX_SESSIONS = 100_000;

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** Names go into logs, audit lines and `targets`, so they stay plain. */
function conduitName(raw: unknown): string {
  fits(raw, () => patternForm(NAME.source.slice(1, -1), 'Letters, digits, ".", "_" and "-".', 64));
  const name = text(raw, 64);
  if (NAME.test(name)) return name;
  throw new BadValue('must consist of letters, digits, ".", "_" and "-", and begin with a letter or digit');
}

/** The keys of one conduit. */
export const CONDUIT_KEYS = {
  name: key({
    schema: parsed(conduitName),
    meaning: 'what logs, audit and `targets` call it; unique',
    unit: 'name',
    example: 'packaging-hmis',
    isRequired: true,
  }),
  host: key({
    schema: parsed(conduitHost),
    meaning: 'what may be reached: an address, a CIDR without host bits, or a DNS name',
    unit: 'address, CIDR, name',
    example: '10.0.5.0/24',
    isRequired: true,
  }),
  ports: key({
    schema: parsed(portList),
    meaning: 'the ports of it: numbers, ranges, or `"*"` for all of them',
    unit: 'list',
    example: '[5900, "8080-8089"]',
    isRequired: true,
  }),
  maxSessions: key({
    schema: parsed((raw) => wholeNumber(raw, 1, MAX_SESSIONS)).optional(),
    meaning: 'open sessions through this conduit',
    unit: `1 to ${MAX_SESSIONS}`,
    example: '4',
    defaultText: 'no limit of its own',
  }),
  idleTimeout: key({
    schema: parsed((raw) => duration(raw, MIN_TIMEOUT_MS, MAX_TIMER_MS, 'zero')).optional(),
    meaning: 'instead of `limits.idleTimeout`',
    unit: 'duration, 0 = off',
    example: '15m',
    defaultText: '`limits.idleTimeout`',
  }),
  sessionDuration: key({
    schema: parsed((raw) => duration(raw, MIN_TIMEOUT_MS, MAX_TIMER_MS, 'zero')).optional(),
    meaning: 'instead of `limits.sessionDuration`',
    unit: 'duration, 0 = off',
    example: '8h',
    defaultText: '`limits.sessionDuration`',
  }),
  approval: key({
    schema: parsed(flag).optional(),
    meaning: 'somebody on site has to approve each session before anything is dialled',
    unit: '`true`, `false`',
    example: 'true',
    defaultText: '`false`',
  }),
  window: key({
    schema: parsed(weeklyTimes).optional(),
    meaning:
      'when it may be used, one time or a list; outside it sessions are refused, and those that are open end',
    unit: 'days and times',
    example: 'Mon-Fri 06:00-18:00',
    defaultText: 'always',
  }),
  timeZone: key({
    schema: parsed(timeZone).optional(),
    meaning: 'whose clocks `window` means',
    unit: 'IANA time zone',
    example: 'Europe/Berlin',
    defaultText: '`limits.timeZone`',
  }),
  bandwidth: key({
    schema: parsed(rate).optional(),
    meaning: 'what each session may move in each direction, instead of `limits.sessionBandwidth`',
    unit: 'rate, 0 = off',
    example: '2MiB/s',
    defaultText: '`limits.sessionBandwidth`',
  }),
  exclusive: key({
    schema: parsed(flag).optional(),
    meaning: 'one session to each target at a time, whoever opens it and through whichever conduit',
    unit: '`true`, `false`',
    example: 'true',
    defaultText: '`false`',
  }),
} satisfies Record<string, KeySpec>;

/** The keys of one device behind the gateway. */
export const CHILD_KEYS = {
  externalId: key({
    schema: parsed((raw) => text(raw, 256)),
    meaning: 'its external id in the cloud, of the type `device.externalIdType`; unique',
    unit: 'text',
    example: '"plc-17"',
    isRequired: true,
  }),
  name: key({
    schema: parsed((raw) => text(raw, 256)).optional(),
    meaning: 'used only when its managed object has to be created',
    unit: 'text',
    example: 'Filler 17',
    defaultText: 'its external id',
  }),
  targets: key({
    schema: z
      .array(parsed(conduitName), { error: 'must be a list of conduit names' })
      .max(MAX_ENTRIES)
      .optional(),
    meaning: 'names of the conduits that an operation on this child may use',
    unit: 'list',
    example: '[packaging-hmis]',
    defaultText: 'all conduits',
    reloads: true,
  }),
} satisfies Record<string, KeySpec>;

/** All conduits; an entry that is no mapping and keys that are unknown are problems of their own. */
export const CONDUITS = z
  .array(z.strictObject(shapeOf(CONDUIT_KEYS), { error: asMapping }), {
    error: 'must be a list of conduits',
  })
  .max(MAX_ENTRIES, { error: `must have at most ${MAX_ENTRIES} entries` });

/** All devices behind the gateway. */
export const CHILDREN = z
  .array(z.strictObject(shapeOf(CHILD_KEYS), { error: asMapping }), { error: 'must be a list of devices' })
  .max(MAX_ENTRIES, { error: `must have at most ${MAX_ENTRIES} entries` });

function shapeOf<K extends Record<string, KeySpec>>(keys: K): { [N in keyof K]: K[N]['schema'] } {
  return Object.fromEntries(Object.entries(keys).map(([name, { schema }]) => [name, schema])) as {
    [N in keyof K]: K[N]['schema'];
  };
}

function asMapping(issue: { readonly code: string }): string | undefined {
  return issue.code === 'invalid_type' ? 'must be a mapping of keys and values' : undefined;
}
