import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { Redactor } from '../../../src/log/redaction.js';
import type { FuzzTarget } from '../target.js';

/** How secrets get into lines. The base64 is of the secret within other bytes, as in an Authorization header. */
const FORMS: readonly ((secret: string) => string)[] = [
  (secret) => secret,
  (secret) => encodeURIComponent(secret),
  (secret) => JSON.stringify(secret).slice(1, -1),
  (secret) => JSON.stringify(JSON.stringify(secret)).slice(3, -3),
  (secret) => Buffer.from(secret).toString('base64'),
  (secret) => Buffer.from(`user:${secret}`).toString('base64'),
  (secret) => Buffer.from(`t/u:${secret}!`).toString('base64url'),
];

interface Input {
  readonly secrets: readonly string[];
  /** A text, or the index of a secret and of a form. */
  readonly parts: readonly (string | readonly [secret: number, form: number])[];
}

const SECRET = fc.oneof(
  fc.uuid(),
  fc.string({
    unit: fc.constantFrom(...Array.from('abcdefgh0123456789%+/="\\ üé🙂')),
    minLength: 12,
    maxLength: 40,
  }),
);

export const redaction: FuzzTarget = {
  name: 'redaction',
  holds: 'no registered secret survives as it is, percent-encoded, JSON-escaped or in base64',
  dictionary: ['"', '\\', '%', '=', '[0,1]', '[1,4]', '{"secrets":["'],
  structured: fc
    .record({
      secrets: fc.array(SECRET, { minLength: 1, maxLength: 4 }),
      parts: fc.array(
        fc.oneof(
          fc.string({ maxLength: 12 }),
          fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: FORMS.length - 1 })),
        ),
        { maxLength: 8 },
      ),
    })
    .map((input) => Buffer.from(JSON.stringify(input))),
  check: (bytes) => {
    const input = inputOf(bytes);
    if (input === undefined) return;
    const secrets = input.secrets.filter(
      (secret) => secret.length >= 12 && secret.isWellFormed() && !'[redacted:x]'.includes(secret),
    );
    const redactor = new Redactor();
    for (const secret of secrets) redactor.add(secret, 'x');
    const written = input.parts.map((part) =>
      typeof part === 'string' ? part : (FORMS[part[1]]?.(secrets[part[0]] ?? '') ?? ''),
    );
    const output = redactor.redact(written.join(''));
    for (const secret of secrets) {
      for (const [index, form] of FORMS.slice(0, 4).entries()) {
        assert.ok(!output.includes(form(secret)), `form ${index} survived`);
      }
      assert.ok(!output.includes(base64Core(secret)), 'base64 survived');
    }
  },
};

/** The characters of base64 that the secret alone decides when it stands at the beginning. */
function base64Core(secret: string): string {
  const bytes = Buffer.from(secret);
  return bytes.toString('base64').slice(0, Math.floor((bytes.length * 8) / 6));
}

function inputOf(bytes: Buffer): Input | undefined {
  try {
    const value = JSON.parse(bytes.toString('utf8')) as Input;
    const isGood =
      Array.isArray(value.secrets) &&
      value.secrets.length <= 10 &&
      value.secrets.every((secret: unknown) => typeof secret === 'string') &&
      Array.isArray(value.parts) &&
      value.parts.every(
        (part: unknown) => typeof part === 'string' || (Array.isArray(part) && part.every(Number.isInteger)),
      );
    return isGood ? value : undefined;
  } catch {
    return undefined;
  }
}
