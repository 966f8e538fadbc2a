/** Byte sequences of one kind; `!` marks those that are no UTF-8. */
export interface Sequences {
  readonly kind: string;
  readonly hex: readonly string[];
}

/** The word of the well-known decoder test, with characters of two and three bytes. */
export const GREEK = 'cebae1bdb9cf83cebcceb5';

/** Starts of characters without their last byte. */
const UNFINISHED = [
  'c0',
  'e080',
  'f08080',
  'f8808080',
  'fc80808080',
  'df',
  'efbf',
  'f7bfbf',
  'fbbfbfbf',
  'fdbfbfbfbf',
] as const;

const no = (...hex: readonly string[]): string[] => hex.map((one) => `!${one}`);

/** `first` to `last` without the last one, each followed by a space. */
function lonelyStarts(first: number, last: number): string {
  return Array.from({ length: last - first }, (_, index) => `${(first + index).toString(16)}20`).join('');
}

/**
 * 6.5 to 6.23, in that order. They are made after the decoder stress test that Autobahn names as its source
 * (UTF-8-test.txt by Markus Kuhn), whose kinds they keep.
 */
export const SEQUENCES: readonly Sequences[] = [
  {
    kind: 'some valid sequences',
    hex: [...['24', 'c2a2', 'e282ac', 'f0a4ada2'].map((hex) => `68656c6c6f${hex}776f726c64`), GREEK],
  },
  { kind: 'every prefix of a valid string', hex: prefixes() },
  { kind: 'the first character of each length', hex: ['00', 'c280', 'e0a080', 'f0908080'] },
  { kind: 'the first of five and six bytes', hex: no('f888808080', 'fc8480808080') },
  { kind: 'the last character of each length', hex: ['7f', 'dfbf', 'efbfbf', 'f48fbfbf'] },
  { kind: 'the last of four, five and six bytes', hex: no('f7bfbfbf', 'fbbfbfbfbf', 'fdbfbfbfbfbf') },
  { kind: 'other boundaries', hex: ['ed9fbf', 'ee8080', 'efbfbd', 'f48fbfbf', '!f4908080'] },
  {
    kind: 'continuation bytes out of place',
    hex: no(
      ...['80', 'bf', '80bf', '80bf80', '80bf80bf', '80bf80bf80', '80bf80bf80bf'],
      Array.from({ length: 0x3f }, (_, index) => (0x80 + index).toString(16)).join(''),
    ),
  },
  {
    kind: 'first bytes alone',
    hex: no(
      ...[
        [0xc0, 0xdf],
        [0xe0, 0xef],
        [0xf0, 0xf7],
        [0xf8, 0xfb],
        [0xfc, 0xfd],
      ].map(([first = 0, last = 0]) => lonelyStarts(first, last)),
    ),
  },
  { kind: 'the last continuation byte missing', hex: no(...UNFINISHED) },
  { kind: 'unfinished sequences in a row', hex: no(UNFINISHED.join('')) },
  { kind: 'impossible bytes', hex: no('fe', 'ff', 'fefeffff') },
  { kind: 'an overlong slash', hex: no('c0af', 'e080af', 'f08080af', 'f8808080af', 'fc80808080af') },
  { kind: 'the longest overlong forms', hex: no('c1bf', 'e09fbf', 'f08fbfbf', 'f887bfbfbf', 'fc83bfbfbfbf') },
  { kind: 'an overlong NUL', hex: no('c080', 'e08080', 'f0808080', 'f880808080', 'fc8080808080') },
  {
    kind: 'single surrogates',
    hex: no('eda080', 'edadbf', 'edae80', 'edafbf', 'edb080', 'edbe80', 'edbfbf'),
  },
  {
    kind: 'pairs of surrogates',
    hex: no(
      ...['eda080', 'edadbf', 'edae80', 'edafbf'].flatMap((high) =>
        ['edb080', 'edbfbf'].map((low) => high + low),
      ),
    ),
  },
  { kind: 'non-characters, which are valid', hex: nonCharacters() },
  {
    kind: 'specials',
    hex: ['efbfb9', 'efbfba', 'efbfbb', 'efbfbc', 'efbfbd', 'efbfbe', 'efbfbf'],
  },
];

/** Valid where a character ends. */
function prefixes(): string[] {
  const ends = [2, 5, 7, 9, 11];
  return Array.from({ length: 11 }, (_, index) => {
    const hex = GREEK.slice(0, 2 * (index + 1));
    return ends.includes(index + 1) ? hex : `!${hex}`;
  });
}

/** U+nFFFE and U+nFFFF of all planes, except those that would be overlong. */
function nonCharacters(): string[] {
  const firsts = ['f0', 'f1', 'f2', 'f3', 'f4'];
  const seconds = ['8f', '9f', 'af', 'bf'];
  const higher = firsts.flatMap((first) =>
    seconds
      .filter((second) => (first === 'f4' ? second === '8f' : first !== 'f0' || second !== '8f'))
      .flatMap((second) => ['be', 'bf'].map((end) => `${first}${second}bf${end}`)),
  );
  return ['efbfbe', 'efbfbf', ...higher];
}
