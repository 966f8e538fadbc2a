import { CLOUD_ID, CONNECTION_KEY, MAX_REPLY_BYTES } from '../../contract/limits.js';
import { Secret } from '../../contract/secret.js';
import { normaliseHostname } from './hostname.js';
import { askedBy } from './asked-by.js';
import type { ParsedOperation } from './intake.js';
import { JsonError, parseJson } from './json-document.js';
import { RawDocument } from './json-envelope.js';
import { kindOf, quote } from './quote.js';

/** The member that makes an operation ours. */
export const REMOTE_ACCESS_FRAGMENT = 'c8y_RemoteAccessConnect';

/** Largest MQTT message with operations, in bytes. The platform's own limit is 16 KiB; local brokers may be wider. */
export const MAX_NOTIFICATION_BYTES = 1_048_576;

/** Most documents of one message; a real one has 250 bytes, so that 4 096 of them fill the largest message. */
export const MAX_NOTIFICATION_DOCUMENTS = 4_096;

const LF = 0x0a;

/**
 * What one operation document asks for. `document` is an entry of the REST list or the `data` of a Bayeux message: a
 * RawDocument, or the value of checked JSON (parseJson). Unknown members are left alone; never throws.
 *
 * Ignored: no remote-access fragment, no usable id or device id (nobody can be answered), any status but PENDING.
 * Refused: a field of the fragment is bad; the sentence names each one and never quotes the connection key.
 */
export function parseOperation(document: unknown): ParsedOperation {
  if (document instanceof RawDocument) return parseDocument(document.bytes, MAX_REPLY_BYTES);
  if (!isObject(document)) return unusable(`the document is ${kindOf(document)}, not an object`);
  const fragment = own(document, REMOTE_ACCESS_FRAGMENT);
  if (fragment === undefined) return ignored('not a remote-access operation');
  const id = own(document, 'id');
  if (!isCloudId(id)) return unusable('the id is not 1 to 20 digits');
  const deviceId = own(document, 'deviceId');
  if (!isCloudId(deviceId)) return unusable('the deviceId is not 1 to 20 digits');
  if (own(document, 'status') !== 'PENDING') return ignored('the status is not PENDING');
  if (!isObject(fragment)) {
    return refused(id, deviceId, [`${REMOTE_ACCESS_FRAGMENT} is ${kindOf(fragment)}, not an object`]);
  }

  const hostname = hostnameField(own(fragment, 'hostname'));
  const port = portField(own(fragment, 'port'));
  const connectionKey = keyField(own(fragment, 'connectionKey'));
  if ('problem' in hostname || 'problem' in port || 'problem' in connectionKey) {
    const problems = [hostname, port, connectionKey].flatMap((f) => ('problem' in f ? [f.problem] : []));
    const asked = askedBy(document);
    return { ...refused(id, deviceId, problems), ...(asked === undefined ? {} : { askedBy: asked }) };
  }
  const createdAtMs = creationTime(own(document, 'creationTime'));
  const asked = askedBy(document, connectionKey.value);
  return {
    kind: 'connect',
    operation: {
      id,
      deviceId,
      hostname: hostname.value,
      port: port.value,
      connectionKey: connectionKey.value,
      createdAtMs,
      ...(asked === undefined ? {} : { askedBy: asked }),
    },
  };
}

/**
 * What each operation of an MQTT message asks for: JSON documents, one per line. A line that is no good JSON is ignored
 * alone, except that a member standing twice in an operation with a clear id makes that operation refused.
 */
export function parseNotification(message: Uint8Array): ParsedOperation[] {
  if (message.byteLength > MAX_NOTIFICATION_BYTES) {
    return [unusable(`the message has ${message.byteLength} bytes, more than ${MAX_NOTIFICATION_BYTES}`)];
  }
  const parsed: ParsedOperation[] = [];
  for (const line of lines(message)) {
    if (parsed.length === MAX_NOTIFICATION_DOCUMENTS) {
      return [...parsed, unusable(`more than ${MAX_NOTIFICATION_DOCUMENTS} documents in one message`)];
    }
    parsed.push(parseDocument(line, MAX_NOTIFICATION_BYTES));
  }
  return parsed.length > 0 ? parsed : [unusable('the message is empty')];
}

function parseDocument(text: Uint8Array, maxBytes: number): ParsedOperation {
  try {
    return parseOperation(parseJson(text, { maxBytes }));
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    return afterDuplicate(error) ?? unusable(`the document ${error.message}`);
  }
}

/** The refusal of a document that is bad only in a member that stands twice, if it is clear whom to answer. */
function afterDuplicate(error: JsonError): ParsedOperation | undefined {
  if (error.duplicate === undefined) return undefined;
  const { path, value } = error.duplicate;
  const [first = ''] = path;
  if (path.length === 1 && ['id', 'deviceId', 'status'].includes(first)) return undefined;
  const parsed = parseOperation(value);
  if (parsed.kind === 'ignored') return parsed;
  const { id, deviceId } = parsed.kind === 'connect' ? parsed.operation : parsed;
  return refused(id, deviceId, [`the document ${error.message}`]);
}

/** Lines that are not blank; LF cannot stand inside a JSON string. */
function* lines(message: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < message.length;) {
    const found = message.indexOf(LF, start);
    const end = found === -1 ? message.length : found;
    const line = message.subarray(start, end);
    if (line.some((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0d)) yield line;
    start = end + 1;
  }
}

type Field<T> = { readonly value: T } | { readonly problem: string };

function hostnameField(value: unknown): Field<string> {
  if (typeof value !== 'string') return { problem: notA('hostname', value, 'a text') };
  const check = normaliseHostname(value);
  return check.ok ? { value: check.hostname } : { problem: `hostname ${quote(value)} ${check.why}` };
}

/** A whole number from 1 to 65535, or the same as digits without leading zeros: documents and cloud disagree on it. */
function portField(value: unknown): Field<number> {
  if (typeof value !== 'string' && typeof value !== 'number') {
    return { problem: notA('port', value, 'a number') };
  }
  const port = typeof value === 'number' ? value : /^[1-9][0-9]{0,4}$/.test(value) ? Number(value) : NaN;
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return { value: port };
  const shown = typeof value === 'number' ? String(value) : quote(value);
  return { problem: `port ${shown} is not a whole number from 1 to 65535` };
}

function keyField(value: unknown): Field<Secret> {
  if (typeof value !== 'string') return { problem: notA('connectionKey', value, 'a text') };
  if (CONNECTION_KEY.test(value)) return { value: new Secret(value) };
  if (value.length < 8 || value.length > 128) {
    return { problem: `connectionKey has ${value.length} characters; 8 to 128 are allowed` };
  }
  const why = /^\.+$/.test(value) ? 'is only dots' : 'has a character other than letters, digits, . _ ~ -';
  return { problem: `connectionKey ${why}` };
}

function notA(field: string, value: unknown, wanted: string): string {
  return value === undefined ? `${field} is missing` : `${field} is ${kindOf(value)}, not ${wanted}`;
}

/** RFC 3339 with a zone; anything else counts as unknown, because a wrong age must not fail an operation. */
function creationTime(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)$/.test(value)) return undefined;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : ms;
}

function isCloudId(value: unknown): value is string {
  return typeof value === 'string' && CLOUD_ID.test(value);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value of an own member, so that nothing inherited (`constructor`, `__proto__`) is ever taken for one. */
function own(object: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(object, name)?.value;
}

function refused(
  id: string,
  deviceId: string,
  problems: readonly string[],
): ParsedOperation & { readonly kind: 'refused' } {
  return {
    kind: 'refused',
    id,
    deviceId,
    sentence: `The operation cannot be carried out: ${problems.join('; ')}.`,
  };
}

function ignored(why: string): ParsedOperation {
  return { kind: 'ignored', why };
}

/** Ignored, and counted as what no honest cloud sends. */
function unusable(why: string): ParsedOperation {
  return { kind: 'ignored', why, isUnusable: true };
}
