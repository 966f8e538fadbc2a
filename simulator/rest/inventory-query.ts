import type { ManagedObject } from '../store/inventory.js';
import { PlatformError } from '../store/platform-error.js';
import { wildcard } from '../wildcard.js';

type Test = (object: ManagedObject) => boolean;

/** Longest query understood, in characters; it bounds the parser's depth too. */
const MAX_QUERY_CHARS = 2_000;

/**
 * The part of the inventory query language that remote-access clients use: `field eq 'value'` (with `*`), `has(field)`,
 * `not(…)`, `and`, `or`, parentheses, and the `$filter=… $orderby=…` frame, of which the order is not heeded.
 * @throws PlatformError 422 when it is not understood.
 */
export function parseQuery(query: string): Test {
  if (query.length > MAX_QUERY_CHARS) throw bad('it is too long');
  const filter = query.replace(/^\s*\$filter=/, '').replace(/\$orderby=.*$/s, '');
  const tokens = filter.match(/'(?:[^']|'')*'|[()]|[^\s()']+/g) ?? [];
  const parser = new Parser(tokens);
  return tokens.length === 0 ? () => true : parser.all();
}

class Parser {
  #at = 0;

  constructor(private readonly tokens: readonly string[]) {}

  all(): Test {
    const test = this.#or();
    if (this.#at < this.tokens.length) throw bad(`'${this.tokens[this.#at] ?? ''}' was not expected`);
    return test;
  }

  #or(): Test {
    let left = this.#and();
    while (this.#take('or')) {
      const [before, after] = [left, this.#and()];
      left = (object) => before(object) || after(object);
    }
    return left;
  }

  #and(): Test {
    let left = this.#term();
    while (this.#take('and')) {
      const [before, after] = [left, this.#term()];
      left = (object) => before(object) && after(object);
    }
    return left;
  }

  #term(): Test {
    const isGroup = this.#take('(');
    const isNot = !isGroup && this.#take('not');
    if (isNot) this.#expect('(');
    if (isGroup || isNot) {
      const inner = this.#or();
      this.#expect(')');
      return isNot ? (object) => !inner(object) : inner;
    }
    return this.#take('has') ? this.#has() : this.#comparison();
  }

  #has(): Test {
    this.#expect('(');
    const field = unquote(this.#next());
    this.#expect(')');
    return (object) => read(object, field) !== undefined;
  }

  #comparison(): Test {
    const field = this.#next();
    const operator = this.#next();
    if (operator !== 'eq' && operator !== 'ne')
      throw bad(`operator '${operator}' is not known to the simulator`);
    const pattern = wildcard(unquote(this.#next()));
    const equals: Test = (object) => {
      const value = read(object, field);
      return (typeof value === 'string' || typeof value === 'number') && pattern.test(String(value));
    };
    return operator === 'eq' ? equals : (object) => !equals(object);
  }

  #take(word: string): boolean {
    const isHere = this.tokens[this.#at]?.toLowerCase() === word;
    if (isHere) this.#at += 1;
    return isHere;
  }

  #expect(word: string): void {
    if (!this.#take(word)) throw bad(`'${word}' is missing`);
  }

  #next(): string {
    const token = this.tokens[this.#at];
    if (token === undefined) throw bad('it ends too early');
    this.#at += 1;
    return token;
  }
}

/** A field by its dotted path. */
function read(object: ManagedObject, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => {
    const isThere = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
    return isThere ? (value as Record<string, unknown>)[key] : undefined;
  }, object);
}

function unquote(token: string): string {
  return token.startsWith("'") ? token.slice(1, -1).replaceAll("''", "'") : token;
}

function bad(why: string): PlatformError {
  return new PlatformError(422, 'inventory/Invalid Query', `The query was not understood: ${why}.`);
}
