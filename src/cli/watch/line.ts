/** How a piece of a line looks. */
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan' | 'reverse';

/** A piece of a line. */
export interface Piece {
  readonly text: string;
  readonly style?: Style | undefined;
}

/** One line of the screen. `isMarked` turns all of it round, as far as the screen is wide. */
export interface Line {
  readonly pieces: readonly Piece[];
  readonly isMarked?: boolean;
}

const CODES: Readonly<Record<Style, number>> = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
  cyan: 36,
  reverse: 7,
};

const END = '\u001b[0m';

/** A line of one piece. */
export function plain(text: string, style?: Style): Line {
  return { pieces: [{ text, style }] };
}

/** A line as a terminal takes it: at most `width` characters, with colours only where they are wanted. */
export function render({ pieces, isMarked = false }: Line, width: number, isColoured: boolean): string {
  let room = width;
  let text = '';
  for (const piece of pieces) {
    const shown = cut(piece.text, room);
    room -= shown.length;
    // In a marked line colours on colours would be hard to read.
    text +=
      !isColoured || isMarked || piece.style === undefined
        ? shown
        : `\u001b[${CODES[piece.style]}m${shown}${END}`;
  }
  return isMarked && isColoured
    ? `\u001b[${CODES.reverse}m${text}${' '.repeat(Math.max(0, room))}${END}`
    : text;
}

/** At most `width` characters; `~` stands for what is left out. */
export function cut(text: string, width: number): string {
  if (text.length <= width) return text;
  return width <= 1 ? text.slice(0, width) : `${text.slice(0, width - 1)}~`;
}
