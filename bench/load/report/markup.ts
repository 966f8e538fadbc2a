/** Text that is safe where HTML wants text or an attribute's value. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** A value for a script element of type application/json: nothing in it can end the element. */
export function embeddedJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

/** A cell of a table. Numbers stand at the right. */
export interface Cell {
  readonly text: string;
  readonly isNumber?: boolean;
}

/** A table; the first row is the head when `hasHead`, else the first cell of each row is. */
export function tableMarkup(rows: readonly (readonly Cell[])[], hasHead: boolean): string {
  const lines = rows.map((cells, row) => {
    const columns = cells.map(({ text, isNumber }, column) => {
      const tag = (hasHead ? row === 0 : column === 0) ? 'th' : 'td';
      return `<${tag}${isNumber === true ? ' class="number"' : ''}>${escaped(text)}</${tag}>`;
    });
    return `<tr>${columns.join('')}</tr>`;
  });
  return `<table>${lines.join('')}</table>`;
}
