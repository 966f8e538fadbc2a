/** Characters of the log that are kept for a message about a failed start. */
const TAIL_CHARACTERS = 3_000;

/** Longest line that is looked at, in characters; the agent's are far shorter. */
const MAX_LINE_CHARACTERS = 65_536;

/** Messages that are counted apart. */
const MAX_MESSAGES = 50;

/** A line above level info, and how often it came. */
export interface AgentWarning {
  readonly level: string;
  readonly message: string;
  readonly count: number;
}

const LEVELS = new Set(['warn', 'error', 'fatal']);

/** Reads the agent's log as it comes: where its admin listener is, and what it complains about. */
export class AgentLog {
  readonly #warnings = new Map<string, { level: string; message: string; count: number }>();
  #rest = '';
  #tail = '';
  #adminPort: number | undefined;

  /** Port of the admin listener, once the agent has said it. */
  get adminPort(): number | undefined {
    return this.#adminPort;
  }

  /** The last lines. */
  get tail(): string {
    return this.#tail;
  }

  /** Standard output: JSON lines. */
  take(text: string): void {
    this.#keep(text);
    const lines = (this.#rest + text).split('\n');
    this.#rest = (lines.pop() ?? '').slice(0, MAX_LINE_CHARACTERS);
    for (const line of lines) this.#takeLine(line);
  }

  /** Standard error: no JSON, but worth telling. */
  takeError(text: string): void {
    this.#keep(text);
    this.#count('error', text.split('\n', 1)[0] ?? '');
  }

  warnings(): AgentWarning[] {
    return [...this.#warnings.values()].map((each) => ({ ...each }));
  }

  #takeLine(line: string): void {
    // Most lines are about sessions that open and end; parsing all of them would cost more than writing them did.
    const isStart = this.#adminPort === undefined && line.includes('gatehouse started');
    if (!isStart && !/"level":"(?:warn|error|fatal)"/.test(line)) return;
    const fields = parse(line);
    if (isStart) this.#adminPort = portOf(fields.admin);
    const { level, msg } = fields;
    if (typeof level === 'string' && LEVELS.has(level)) this.#count(level, String(msg));
  }

  #count(level: string, message: string): void {
    const key = `${level} ${message}`;
    const known = this.#warnings.get(key);
    if (known !== undefined) known.count += 1;
    else if (this.#warnings.size < MAX_MESSAGES) this.#warnings.set(key, { level, message, count: 1 });
  }

  #keep(text: string): void {
    this.#tail = (this.#tail + text).slice(-TAIL_CHARACTERS);
  }
}

function parse(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function portOf(admin: unknown): number | undefined {
  const port = typeof admin === 'object' && admin !== null && 'port' in admin ? admin.port : undefined;
  return typeof port === 'number' ? port : undefined;
}
