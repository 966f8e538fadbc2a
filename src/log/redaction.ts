/** Window of the search, in characters: every pattern is at least this long, and windows of this length are hashed. */
const WINDOW = 8;

/** Secrets below this length are not redacted: taking every `a` out of the log would hide everything but the secret. */
const MIN_SECRET_CHARACTERS = 4;

/** Longest secret, in characters; configured ones end at 10 KiB. */
const MAX_SECRET_CHARACTERS = 10_240;

/** Most secrets at a time. Sessions end at 100,000, but keys are needed only until a session is up: 20,000 was planned. */
export const MAX_SECRETS = 50_000;

/** Kind of the secrets that come and go; when there are too many, the oldest of these are forgotten first. */
export const CONNECTION_KEY_KIND = 'connection-key';

/** Longest text that is searched, in characters; what is behind is cut off, because it might hold a secret. */
export const MAX_REDACTED_CHARACTERS = 262_144;

/** Base of the rolling hash; odd, so that no character is shifted out. Quality matters little: hits are compared. */
const HASH_BASE = 0x01000193;
const HASH_BASE_TO_WINDOW = Array.from({ length: WINDOW }).reduce<number>(
  (power) => Math.imul(power, HASH_BASE),
  1,
);

interface Registered {
  readonly kind: string;
  readonly patterns: readonly string[];
  /** How often it was added: two operations may carry the same key. */
  count: number;
}

interface Pattern {
  readonly kind: string;
  /** Secrets that have this form. */
  owners: number;
}

/**
 * Takes secrets out of text by their value: as they are, percent-encoded, JSON-escaped, and as base64 (at any place in
 * a longer base64 text, so a password is also found inside an Authorization header).
 *
 * All forms are searched at once: a hash over the last eight characters rolls along the text (Rabin-Karp), so that a
 * line costs the same with one secret and with 20,000.
 */
export class Redactor {
  readonly #secrets = new Map<string, Registered>();
  /** Patterns by the hash of their first eight characters. */
  readonly #patterns = new Map<number, Map<string, Pattern>>();
  /** Forms below eight characters, of short passwords: few, so they are looked for one by one. */
  readonly #short = new Map<string, Pattern>();

  /** Number of different secrets that are registered. */
  get size(): number {
    return this.#secrets.size;
  }

  /**
   * From now on `secret` appears as `[redacted:<kind>]`. Adding twice needs removing twice. Nothing happens with less
   * than 4 or more than 10,240 characters.
   */
  add(secret: string, kind: string): void {
    if (secret.length < MIN_SECRET_CHARACTERS || secret.length > MAX_SECRET_CHARACTERS) return;
    const known = this.#secrets.get(secret);
    if (known !== undefined) {
      known.count++;
      return;
    }
    if (this.#secrets.size >= MAX_SECRETS) this.#forgetOldest();
    const registered = { kind, patterns: formsOf(secret), count: 1 };
    this.#secrets.set(secret, registered);
    for (const pattern of registered.patterns) this.#own(pattern, kind);
  }

  /** Takes one `add` back; an unknown secret is ignored. */
  remove(secret: string): void {
    const known = this.#secrets.get(secret);
    if (known === undefined || --known.count > 0) return;
    this.#secrets.delete(secret);
    for (const pattern of known.patterns) this.#disown(pattern);
  }

  /** `text` without any registered secret. The longest form wins where several begin at one place. */
  redact(text: string): string {
    const searched =
      text.length > MAX_REDACTED_CHARACTERS ? `${text.slice(0, MAX_REDACTED_CHARACTERS)}…` : text;
    return this.#redactShort(this.#redactLong(searched));
  }

  #redactLong(text: string): string {
    if (this.#patterns.size === 0) return text;
    let result = '';
    let copied = 0;
    let hash = 0;
    for (let end = 0; end < text.length; end++) {
      hash = (Math.imul(hash, HASH_BASE) + text.charCodeAt(end)) | 0;
      if (end >= WINDOW) hash = (hash - Math.imul(text.charCodeAt(end - WINDOW), HASH_BASE_TO_WINDOW)) | 0;
      const start = end - WINDOW + 1;
      const candidates = this.#patterns.get(hash);
      if (candidates === undefined) continue;
      const [pattern, kind] = longestAt(text, start, candidates);
      if (pattern === '') continue;
      const behind = start + pattern.length;
      if (start < copied) {
        // Two secrets overlap: the mark stands for both, so that the end of the second one does not show.
        copied = Math.max(copied, behind);
        continue;
      }
      result += `${text.slice(copied, start)}[redacted:${kind}]`;
      copied = behind;
    }
    return copied === 0 ? text : result + text.slice(copied);
  }

  #redactShort(text: string): string {
    let result = text;
    for (const [pattern, { kind }] of this.#short)
      result = result.replaceAll(pattern, () => `[redacted:${kind}]`);
    return result;
  }

  #own(pattern: string, kind: string): void {
    const bucket = this.#bucketOf(pattern);
    const known = bucket.get(pattern);
    if (known === undefined) bucket.set(pattern, { kind, owners: 1 });
    else known.owners++;
  }

  #disown(pattern: string): void {
    const bucket = this.#bucketOf(pattern);
    const known = bucket.get(pattern);
    if (known !== undefined && --known.owners === 0) bucket.delete(pattern);
    if (bucket.size === 0 && bucket !== this.#short) this.#patterns.delete(hashOf(pattern));
  }

  #bucketOf(pattern: string): Map<string, Pattern> {
    if (pattern.length < WINDOW) return this.#short;
    const hash = hashOf(pattern);
    let bucket = this.#patterns.get(hash);
    if (bucket === undefined) this.#patterns.set(hash, (bucket = new Map<string, Pattern>()));
    return bucket;
  }

  /** Connection keys go before configured secrets, the oldest first. */
  #forgetOldest(): void {
    for (const [secret, registered] of this.#secrets) {
      if (registered.kind !== CONNECTION_KEY_KIND) continue;
      registered.count = 1;
      this.remove(secret);
      return;
    }
  }
}

function longestAt(text: string, start: number, candidates: Map<string, Pattern>): readonly [string, string] {
  let longest: readonly [string, string] = ['', ''];
  for (const [pattern, { kind }] of candidates) {
    if (pattern.length > longest[0].length && text.startsWith(pattern, start)) longest = [pattern, kind];
  }
  return longest;
}

function hashOf(pattern: string): number {
  let hash = 0;
  for (let index = 0; index < WINDOW; index++)
    hash = (Math.imul(hash, HASH_BASE) + pattern.charCodeAt(index)) | 0;
  return hash;
}

/** Every way a secret may stand in a line, without duplicates. */
function formsOf(secret: string): readonly string[] {
  const encoded = encodeURIComponent(secret.toWellFormed());
  const lowerCase = encoded.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
  const escaped = jsonEscaped(secret);
  const forms = [secret, encoded, lowerCase, escaped, jsonEscaped(escaped), ...base64Forms(secret)];
  return [...new Set(forms)];
}

function jsonEscaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/**
 * The base64 characters that depend on the secret alone, for each of the three places it can have in a group of three
 * bytes, in both alphabets. Forms below eight characters are left out: they would hit by chance.
 */
function base64Forms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [0, 1, 2].flatMap((shift) => {
    const standard = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    const from = Math.ceil((shift * 8) / 6);
    const to = Math.floor(((shift + bytes.length) * 8) / 6);
    const core = standard.slice(from, to);
    if (core.length < WINDOW) return [];
    return [core, core.replaceAll('+', '-').replaceAll('/', '_')];
  });
}
