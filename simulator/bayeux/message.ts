/** One Bayeux message, either way. Fields that a message does not need are absent. */
export interface BayeuxMessage {
  readonly channel: string;
  readonly id?: string;
  readonly clientId?: string;
  readonly version?: string;
  readonly minimumVersion?: string;
  readonly supportedConnectionTypes?: readonly string[];
  readonly connectionType?: string;
  readonly subscription?: string | readonly string[];
  readonly successful?: boolean;
  readonly error?: string;
  readonly advice?: Advice;
  readonly ext?: Readonly<Record<string, unknown>>;
  readonly data?: unknown;
}

/** What the client should do next: again, from the start, or nothing; and after how many ms. */
export interface Advice {
  readonly reconnect?: 'retry' | 'handshake' | 'none';
  /** Wait before the next connect, in ms. */
  readonly interval?: number;
  /** How long a connect may be held, in ms. */
  readonly timeout?: number;
}

/** Most messages in one request; clients send one to three. */
export const MAX_MESSAGES = 100;

/** The messages of a request body or frame; undefined when it is not a list of messages (or one alone). */
export function parseMessages(text: string): readonly BayeuxMessage[] | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const list: unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  const fits = list.length > 0 && list.length <= MAX_MESSAGES && list.every(isMessage);
  return fits ? list.filter(isMessage) : undefined;
}

function isMessage(value: unknown): value is BayeuxMessage {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Record<string, unknown>;
  return (
    typeof fields.channel === 'string' &&
    isStringOr(fields.id, 'number') &&
    isStringOr(fields.clientId) &&
    isSubscription(fields.subscription) &&
    isObjectOrNothing(fields.advice) &&
    isObjectOrNothing(fields.ext)
  );
}

function isStringOr(value: unknown, other?: 'number'): boolean {
  return value === undefined || value === null || typeof value === 'string' || typeof value === other;
}

function isSubscription(value: unknown): boolean {
  return isStringOr(value) || (Array.isArray(value) && value.every((one) => typeof one === 'string'));
}

function isObjectOrNothing(value: unknown): boolean {
  return value === undefined || value === null || typeof value === 'object';
}

/** The channels that a subscribe or unsubscribe names. */
export function subscriptionsOf(message: BayeuxMessage): readonly string[] {
  const { subscription } = message;
  if (typeof subscription === 'string') return [subscription];
  return subscription ?? [];
}

/** A number in a message's advice or extension; undefined when it is none. */
export function numberIn(holder: object | null | undefined, key: string): number | undefined {
  const value: unknown = (holder as Record<string, unknown> | null | undefined)?.[key];
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
