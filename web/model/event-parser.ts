/** One server-sent event. */
export interface ServerEvent {
  readonly event: string;
  readonly data: string;
}

/** Largest event that is put together, in characters: twice what 10,000 sessions need. */
const MAX_EVENT_CHARACTERS = 16 * 1_048_576;

/** Cuts a text stream into events (HTML standard, "Parsing an event stream"; ids and retry times are not used). */
export class EventParser {
  #pieces: string[] = [];
  #characters = 0;

  /** The events that are complete with `text`. @throws Error when one grows beyond all bounds. */
  push(text: string): ServerEvent[] {
    this.#pieces.push(text);
    this.#characters += text.length;
    if (this.#characters > MAX_EVENT_CHARACTERS) throw new Error('An event of the agent has no end.');
    // The end of an event may be cut in two: its first line break came before.
    if (!text.includes('\n')) return [];
    const blocks = this.#pieces.join('').split('\n\n');
    const rest = blocks.pop() ?? '';
    this.#pieces = rest === '' ? [] : [rest];
    this.#characters = rest.length;
    return blocks.flatMap((block) => parse(block) ?? []);
  }
}

function parse(block: string): ServerEvent | undefined {
  let event = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const [, field, value = ''] = /^([a-z]+): ?(.*)$/s.exec(line) ?? [];
    if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
  }
  return data.length === 0 ? undefined : { event, data: data.join('\n') };
}
