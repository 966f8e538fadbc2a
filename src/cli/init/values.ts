import { CONDUIT_KEYS } from '../../config/conduit-schema.js';
import { specOf } from '../../config/schema.js';
import type { KeyName } from '../../config/schema.js';
import type { DraftConduit } from './draft.js';

/** A value, or why it is none: the rest of a sentence (`must be …`). */
export type Checked<T> = { readonly value: T } | { readonly why: string };

/** Text for a key, as the loader would judge it. */
export function checkKey(key: KeyName, text: string): Checked<string> {
  const { schema } = specOf(key);
  const why = whyNot(schema, text);
  return why === undefined ? { value: text } : { why };
}

/** The cloud's address; people leave `https://` out. */
export function checkUrl(text: string): Checked<string> {
  const url = text.includes('://') ? text : `https://${text}`;
  return checkKey('cloud.url', url.replace(/\/+$/, ''));
}

/** Name, host or ports of a conduit. */
export function checkConduitField(field: 'name' | 'host' | 'ports', value: unknown): string | undefined {
  return whyNot(CONDUIT_KEYS[field].schema, value);
}

/** `22`, `22,8080-8089` or `*`. */
export function checkPorts(text: string): Checked<DraftConduit['ports']> {
  const ports = text
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .map((entry) => (/^\d+$/.test(entry) ? Number(entry) : entry));
  const why = checkConduitField('ports', ports);
  return why === undefined ? { value: ports } : { why };
}

/** `NAME=HOST:PORTS`, with the brackets of an IPv6 address: `hmis=10.0.5.0/24:5900,8080-8089`. */
export function checkConduit(text: string): Checked<DraftConduit> {
  const [, name = '', bracketed, plain, ports = ''] =
    /^([^=]*)=(?:\[([^\]]*)\]|([^[\]]*)):([^:]*)$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) return { why: 'has the form NAME=HOST:PORTS, such as hmis=10.0.5.0/24:5900' };
  const checked = checkPorts(ports);
  if ('why' in checked) return { why: `has ports that are not right: ${checked.why}` };
  for (const [field, value] of [
    ['name', name],
    ['host', host],
  ] as const) {
    const why = checkConduitField(field, value);
    if (why !== undefined) return { why: `has a ${field} that is not right: ${why}` };
  }
  return { value: { name, host, ports: checked.value } };
}

/** A name for a conduit made of any text, unlike all in `taken`. */
export function conduitName(text: string, taken: ReadonlySet<string>): string {
  const plain = text
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+|-+$/g, '')
    .slice(0, 56);
  const base = plain === '' ? 'conduit' : plain;
  let name = base;
  for (let number = 2; taken.has(name); number += 1) name = `${base}-${number}`;
  return name;
}

interface Judge {
  safeParse(value: unknown):
    | { readonly success: true }
    | {
        readonly success: false;
        readonly error: { readonly issues: readonly { readonly message: string }[] };
      };
}

function whyNot(schema: Judge, value: unknown): string | undefined {
  const result = schema.safeParse(value);
  return result.success ? undefined : (result.error.issues[0]?.message ?? 'is not valid');
}
