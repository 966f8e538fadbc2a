import type { FaultSettings } from './faults.js';

/** Rules in one document. */
const MAX_RULES = 100;

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string' && value.length <= 1_000;
const whole =
  (from: number, to: number): Check =>
  (value) =>
    Number.isInteger(value) && (value as number) >= from && (value as number) <= to;
const oneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    words.includes(value as string);

const REQUEST: Readonly<Record<string, Check>> = {
  method: text,
  path: text,
  times: whole(1, 1_000_000),
  latencyMs: whole(0, 3_600_000),
  status: whole(200, 599),
  location: text,
  retryAfterSeconds: whole(0, 86_400),
  bodyBytes: whole(0, 100_000_000),
  instead: oneOf('silence', 'close', 'reset'),
};

const TUNNEL: Readonly<Record<string, Check>> = {
  side: oneOf('device', 'client'),
  action: oneOf('cut', 'reset', 'close', 'stall', 'drop-pongs', 'split', 'fragment', 'text'),
  afterBytes: whole(0, Number.MAX_SAFE_INTEGER),
  code: whole(1_000, 4_999),
  reason: (value) => text(value) && Buffer.byteLength(value as string) <= 123,
  bytes: whole(1, 33_554_432),
  times: whole(1, 1_000_000),
};

/** The faults of a document from outside, or a sentence that says what is wrong with it. */
export function parseFaults(document: unknown): FaultSettings | string {
  if (!isObject(document)) return 'Faults are an object with "requests" and "tunnels".';
  const unknown = Object.keys(document).find((key) => key !== 'requests' && key !== 'tunnels');
  if (unknown !== undefined) return `"${unknown}" is not known; there are "requests" and "tunnels".`;
  const wrong =
    complaint('requests', document.requests, REQUEST) ?? complaint('tunnels', document.tunnels, TUNNEL);
  if (wrong !== undefined) return wrong;
  const tunnels = (document.tunnels ?? []) as readonly Record<string, unknown>[];
  if (tunnels.some((rule) => rule.action === undefined)) return 'Every rule of "tunnels" wants an "action".';
  return document;
}

function complaint(
  name: string,
  rules: unknown,
  checks: Readonly<Record<string, Check>>,
): string | undefined {
  if (rules === undefined) return undefined;
  if (!Array.isArray(rules) || rules.length > MAX_RULES) {
    return `"${name}" is a list of at most ${MAX_RULES} rules.`;
  }
  for (const rule of rules as unknown[]) {
    if (!isObject(rule)) return `Every rule of "${name}" is an object.`;
    const bad = Object.entries(rule).find(
      ([key, value]) => !Object.hasOwn(checks, key) || checks[key]?.(value) !== true,
    );
    if (bad !== undefined) return `"${bad[0]}" in "${name}" is not known or has a value that it cannot have.`;
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
