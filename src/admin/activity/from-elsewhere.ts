import type { ActivityView, ChangeView, OperationView, ReloadView } from '../backend.js';

/** What one generation gives the next one for the dashboard. */
export interface ActivityFromElsewhere extends ActivityView {
  readonly operations: readonly OperationView[];
}

/** The entry, when it is one: the other generation may be of another version. */
export function asOperation(value: unknown): OperationView | undefined {
  if (!isFields(value)) return undefined;
  const { operationId, deviceId, outcome, startedAt, generation } = value;
  const areTexts = [operationId, deviceId, outcome, startedAt].every((text) => typeof text === 'string');
  return areTexts && typeof generation === 'number' ? (value as unknown as OperationView) : undefined;
}

/** The reload, when it is one. */
export function asReload(value: unknown): ReloadView | undefined {
  if (!isFields(value)) return undefined;
  const { at, outcome, changes, changed, sessionsEnded, problems } = value;
  if (typeof at !== 'string' || (outcome !== 'applied' && outcome !== 'refused')) return undefined;
  return {
    at,
    outcome,
    changes: keep<ChangeView>(changes, ['key', 'from', 'to'], 'string'),
    changed: typeof changed === 'number' ? changed : 0,
    sessionsEnded: typeof sessionsEnded === 'number' ? sessionsEnded : 0,
    problems: listOf(problems).filter((one) => typeof one === 'string'),
  };
}

/** What another generation keeps, as far as it can be read; undefined when nothing of it can. */
export function asActivity(value: unknown): ActivityFromElsewhere | undefined {
  if (!isFields(value)) return undefined;
  const { operations, samples, links, refusals, reloads } = value;
  return {
    operations: listOf(operations).flatMap((one) => asOperation(one) ?? []),
    samples: keep(samples, ['atMs', 'uplinkRate', 'downlinkRate', 'sessions'], 'number'),
    links: keep(links, ['at', 'state'], 'string'),
    refusals: keep(refusals, ['code', 'lastAt'], 'string'),
    reloads: listOf(reloads).flatMap((one) => asReload(one) ?? []),
  };
}

function keep<T>(value: unknown, fields: readonly (keyof T & string)[], type: 'number' | 'string'): T[] {
  const isOne = (one: unknown): one is T =>
    isFields(one) && fields.every((field) => typeof one[field] === type);
  return listOf(value).filter(isOne);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
