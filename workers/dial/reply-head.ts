/** Longest head of an HTTP reply, interim replies before it included, in bytes; Node's own HTTP client has the same. */
const MAX_HEAD_BYTES = 16_384;

const STATUS_LINE = /^HTTP\/1\.1 ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;

/** RFC 9110 section 5: a token, a colon, a value without control characters. Folded lines are refused (RFC 9112 5.2). */
const FIELD_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*?)[\t ]*$/;

/** Head of an HTTP/1.1 reply, the body not read. */
export interface ReplyHead {
  readonly status: number;
  /** By lower-case name; several fields of one name are joined with a comma (RFC 9110 section 5.3). */
  readonly fields: ReadonlyMap<string, string>;
}

/** The reply is not HTTP/1.1, or larger than any honest one. */
export class ReplyError extends Error {}

/** Reads the head of a reply as it comes. Interim replies (1xx but 101) are passed over. */
export class ReplyReader {
  #text = '';
  #totalBytes = 0;

  /**
   * Takes bytes up to the end of the head; `onHead` is called with it and the index of the first byte behind.
   * @throws ReplyError for what is no HTTP/1.1 reply.
   */
  push(bytes: Buffer, onHead: (head: ReplyHead, end: number) => void): void {
    let start = 0;
    for (;;) {
      const before = this.#text.length;
      this.#text += bytes.toString('latin1', start);
      const found = this.#text.indexOf('\r\n\r\n', Math.max(0, before - 3));
      const takenBytes = found < 0 ? bytes.length - start : found + 4 - before;
      this.#totalBytes += takenBytes;
      if (this.#totalBytes > MAX_HEAD_BYTES)
        throw new ReplyError(`its head is above ${MAX_HEAD_BYTES} bytes`);
      if (!isHttpStart(this.#text)) throw new ReplyError('it does not begin with HTTP/1.1');
      if (found < 0) return;
      const head = parse(this.#text.slice(0, found));
      start += takenBytes;
      this.#text = '';
      if (head.status >= 200 || head.status === 101) return onHead(head, start);
    }
  }
}

/** Tells at the first bytes that this is another protocol, instead of waiting for more of it. */
function isHttpStart(text: string): boolean {
  const wanted = 'HTTP/1.1 ';
  return text.startsWith(wanted.slice(0, text.length));
}

function parse(text: string): ReplyHead {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const status = STATUS_LINE.exec(statusLine)?.[1];
  if (status === undefined) throw new ReplyError('its status line is malformed');
  const fields = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = FIELD_LINE.exec(line) ?? [];
    if (name === undefined || value === undefined)
      throw new ReplyError('one of its header lines is malformed');
    const key = name.toLowerCase();
    const known = fields.get(key);
    fields.set(key, known === undefined ? value : `${known}, ${value}`);
  }
  return { status: Number(status), fields };
}
