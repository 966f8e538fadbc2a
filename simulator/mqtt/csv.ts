/*
 * SmartREST text: records end at a line feed outside quotes, fields at a comma outside quotes. Inside quotes both `\"`
 * (what the documentation shows) and `""` (RFC 4180, what thin-edge.io writes) stand for a quote. The two characters
 * backslash and n are not a line feed: only byte 0A is.
 */

/** Most records that one payload may hold; the message limit of 16 184 bytes allows hardly more useful ones. */
export const MAX_RECORDS = 4_096;

/**
 * The records of a payload, each as its fields, empty lines left out.
 * @throws RangeError when there are more than MAX_RECORDS.
 */
export function parseRecords(text: string): string[][] {
  const reader = new Reader(text);
  const records: string[][] = [];
  while (!reader.atEnd) {
    const record = reader.record();
    if (record.length === 1 && record[0] === '') continue;
    if (records.length === MAX_RECORDS) throw new RangeError(`more than ${MAX_RECORDS} lines in one message`);
    records.push(record);
  }
  return records;
}

/** One record without its line feed; a field is quoted where it has to be, its quotes written as `\"` as the cloud does. */
export function formatRecord(fields: readonly (string | number)[]): string {
  return fields.map((field) => formatField(String(field))).join(',');
}

function formatField(field: string): string {
  const quotes = /[",\n\r\t]/.test(field) || field.trim() !== field;
  return quotes ? `"${field.replaceAll('"', '\\"')}"` : field;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  record(): string[] {
    const fields = [this.#field()];
    while (this.#text[this.#at] === ',') {
      this.#at += 1;
      fields.push(this.#field());
    }
    // What stopped the last field is a line feed or the end.
    this.#at += 1;
    return fields;
  }

  #field(): string {
    const start = this.#at;
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#at += 1;
    if (this.#text[this.#at] !== '"') {
      this.#at = start;
      return this.#plain().replace(/\r$/, '');
    }
    this.#at += 1;
    const quoted = this.#quoted();
    // Blanks or a carriage return may follow the closing quote; anything else is kept rather than lost.
    return quoted + this.#plain().trim();
  }

  #plain(): string {
    const start = this.#at;
    while (!this.atEnd && this.#text[this.#at] !== ',' && this.#text[this.#at] !== '\n') this.#at += 1;
    return this.#text.slice(start, this.#at);
  }

  /** Reads behind the opening quote to behind the closing one; a quote that never closes takes the rest. */
  #quoted(): string {
    let value = '';
    while (!this.atEnd) {
      const character = this.#text[this.#at] as string;
      const pair = this.#text.slice(this.#at, this.#at + 2);
      if (pair === '\\"' || pair === '""') {
        value += '"';
        this.#at += 2;
      } else if (character === '"') {
        this.#at += 1;
        return value;
      } else {
        value += character;
        this.#at += 1;
      }
    }
    return value;
  }
}
