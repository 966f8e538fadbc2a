/** What somebody pressed. */
export type Key =
  | { readonly kind: 'character'; readonly text: string }
  | {
      readonly kind:
        | 'up'
        | 'down'
        | 'left'
        | 'right'
        | 'page-up'
        | 'page-down'
        | 'home'
        | 'end'
        | 'enter'
        | 'escape'
        | 'backspace'
        | 'delete'
        | 'interrupt';
    };

/** Keys out of one read; a person types few, a paste is cut. */
const MAX_KEYS = 200;

/** What terminals send, ECMA-48 and the variants of xterm, rxvt and the Linux console. */
const SEQUENCES: Readonly<Record<string, Exclude<Key['kind'], 'character'>>> = {
  '[A': 'up',
  OA: 'up',
  '[B': 'down',
  OB: 'down',
  '[C': 'right',
  OC: 'right',
  '[D': 'left',
  OD: 'left',
  '[5~': 'page-up',
  '[6~': 'page-down',
  '[H': 'home',
  OH: 'home',
  '[1~': 'home',
  '[7~': 'home',
  '[F': 'end',
  OF: 'end',
  '[4~': 'end',
  '[8~': 'end',
  '[3~': 'delete',
};

const CONTROLS: Readonly<Record<string, Exclude<Key['kind'], 'character'>>> = {
  '\u0003': 'interrupt',
  '\u0004': 'interrupt',
  '\r': 'enter',
  '\n': 'enter',
  '\u0008': 'backspace',
  '\u007f': 'backspace',
};

// eslint-disable-next-line no-control-regex -- terminals send control characters
const SEQUENCE = /^\u001b(\[[0-9;]*[A-Za-z~]|O[A-Z])/;

/** The keys in what a terminal in raw mode sent; what is unknown is left out. */
export function keysIn(input: string): Key[] {
  const keys: Key[] = [];
  let rest = input;
  while (rest !== '' && keys.length < MAX_KEYS) {
    const [whole = '', sequence] = SEQUENCE.exec(rest) ?? [];
    if (sequence !== undefined) {
      const kind = SEQUENCES[sequence];
      if (kind !== undefined) keys.push({ kind });
      rest = rest.slice(whole.length);
      continue;
    }
    const [character = ''] = rest;
    rest = rest.slice(character.length);
    const control = character === '\u001b' ? 'escape' : CONTROLS[character];
    if (control !== undefined) keys.push({ kind: control });
    else if (!/\p{Cc}/u.test(character)) keys.push({ kind: 'character', text: character });
  }
  return keys;
}
