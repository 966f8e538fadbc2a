/** Secrets shorter than this would be found by chance. */
const MIN_CHARACTERS = 8;

/** Characters shown on each side of a finding. */
const CONTEXT_CHARACTERS = 60;

interface Canary {
  readonly name: string;
  readonly form: string;
  readonly text: string;
}

/**
 * Secrets that must come out nowhere, and the search for them in every form in which they may: as they are,
 * percent-encoded, JSON-escaped once and twice, in hexadecimal, and inside base64 at each of its three offsets. Shares
 * nothing with the redaction that it tests. Thousands of secrets cost little more than one.
 */
export class Canaries {
  /** Forms by their first eight characters. */
  readonly #forms = new Map<string, Canary[]>();
  /** Which hashes of four characters begin a form: lets most of a text be passed over at once. */
  #begins = new Uint8Array(0);

  /** `name` is what a finding says: the secret itself must not get into the report of a test either. */
  add(name: string, secret: string): this {
    if (secret.length < MIN_CHARACTERS) return this;
    for (const [form, text] of formsOf(secret)) {
      const start = text.slice(0, MIN_CHARACTERS);
      const known = this.#forms.get(start);
      if (known === undefined) this.#forms.set(start, [{ name, form, text }]);
      else if (known.every((one) => one.text !== text)) known.push({ name, form, text });
    }
    this.#begins = new Uint8Array(0);
    return this;
  }

  /** What is found in `text` first, as a sentence for whoever repairs it; undefined when nothing is. */
  findIn(text: string, place: string): string | undefined {
    if (this.#forms.size === 0) return undefined;
    if (this.#begins.length === 0) this.#index();
    const mask = this.#begins.length - 1;
    for (let at = 0; at + MIN_CHARACTERS <= text.length; at += 1) {
      if (this.#begins[hashAt(text, at) & mask] !== 1) continue;
      const found = this.#forms
        .get(text.slice(at, at + MIN_CHARACTERS))
        ?.find((canary) => text.startsWith(canary.text, at));
      if (found !== undefined) return finding(found, text, at, place);
    }
    return undefined;
  }

  #index(): void {
    let size = 65_536;
    while (size < this.#forms.size * 16) size *= 2;
    this.#begins = new Uint8Array(size);
    for (const start of this.#forms.keys()) this.#begins[hashAt(start, 0) & (size - 1)] = 1;
  }
}

function finding({ name, form, text }: Canary, whole: string, at: number, place: string): string {
  const before = whole.slice(Math.max(0, at - CONTEXT_CHARACTERS), at);
  const behind = whole.slice(at + text.length, at + text.length + CONTEXT_CHARACTERS);
  return `${name} (${form}) is in ${place}: …${before}<HERE>${behind}…`;
}

function hashAt(text: string, at: number): number {
  let hash = 0;
  for (let index = at; index < at + 4; index += 1)
    hash = Math.imul(hash, 0x01000193) ^ text.charCodeAt(index);
  return hash ^ (hash >>> 15);
}

/** Every form of a secret, by name, without those that are too short to be one. */
function formsOf(secret: string): readonly (readonly [string, string])[] {
  const percent = encodeURIComponent(secret);
  const json = JSON.stringify(secret).slice(1, -1);
  const bytes = Buffer.from(secret);
  const forms: (readonly [string, string])[] = [
    ['as it is', secret],
    ['percent-encoded', percent],
    ['percent-encoded', percent.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase())],
    ['JSON-escaped', json],
    ['JSON-escaped twice', JSON.stringify(json).slice(1, -1)],
    ['hexadecimal', bytes.toString('hex')],
  ];
  for (const offset of [0, 1, 2]) {
    // Characters that share bits with what stands in front or behind are left out.
    const padded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const from = offset === 0 ? 0 : offset + 1;
    const core = padded.slice(from, Math.floor(((offset + bytes.length) * 4) / 3));
    forms.push(['base64', core], ['base64url', core.replaceAll('+', '-').replaceAll('/', '_')]);
  }
  return forms.filter(([, text]) => text.length >= MIN_CHARACTERS);
}
