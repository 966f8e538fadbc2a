import type { Changes, Snapshot } from '../../src/admin/events/messages.js';
import { EventParser } from './event-parser.js';
import { pause } from './pause.js';

/** Longest silence of the agent, in ms: it speaks once a second, an elder may make it half a second late. */
const SILENCE_MS = 6_000;

/** Waits between attempts, in ms; the last one repeats. A restart or a hand-over takes a second or two. */
const RETRY_MS = [200, 400, 800, 1_500, 3_000];

/** Longest wait that the agent may ask for with Retry-After, in s. */
const MAX_RETRY_AFTER_S = 120;

export type StreamState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** `reason` is one sentence. It is tried again, after `againMs` where the agent asks for that. */
  | { readonly kind: 'lost'; readonly reason: string; readonly againMs?: number }
  /** A token is needed, or another one; nothing is tried until there is one. */
  | { readonly kind: 'locked'; readonly reason: string };

export interface EventStreamOptions {
  /** Of /api/events. */
  readonly url: string;
  readonly token: string | undefined;
  readonly onSnapshot: (snapshot: Snapshot) => void;
  readonly onChanges: (changes: Changes) => void;
  readonly onState: (state: StreamState) => void;
  /** Default SILENCE_MS. */
  readonly silenceMs?: number;
  /** Default RETRY_MS. */
  readonly retryMs?: readonly number[];
}

/**
 * The events of the agent, read with fetch: an EventSource cannot send the token in a header, and a token in an address
 * would end up in logs. It comes back by itself after a restart or a hand-over, and begins with a snapshot again.
 */
export class EventStream {
  readonly #options: EventStreamOptions;
  readonly #end = new AbortController();
  #failures = 0;

  constructor(options: EventStreamOptions) {
    this.#options = options;
  }

  /** Runs until `stop`, or until a token is needed. Never rejects. */
  async run(): Promise<void> {
    this.#options.onState({ kind: 'connecting' });
    while (!this.#hasEnded()) {
      const state = await this.#follow();
      if (this.#hasEnded()) return;
      this.#options.onState(state);
      if (state.kind === 'locked') return;
      await pause((state.kind === 'lost' ? state.againMs : undefined) ?? this.#retryMs(), this.#end.signal);
    }
  }

  stop(): void {
    this.#end.abort();
  }

  #hasEnded(): boolean {
    return this.#end.signal.aborted;
  }

  async #follow(): Promise<StreamState> {
    const attempt = new AbortController();
    const give = (): void => attempt.abort();
    this.#end.signal.addEventListener('abort', give);
    const { silenceMs = SILENCE_MS } = this.#options;
    let silence = setTimeout(give, silenceMs);
    try {
      const answer = await this.#ask(attempt.signal);
      if (!answer.ok || answer.body === null) return await this.#refusal(answer);
      for await (const text of textsOf(answer.body)) {
        clearTimeout(silence);
        silence = setTimeout(give, silenceMs);
        this.#take(text);
      }
      return { kind: 'lost', reason: 'The agent ended the connection.' };
    } catch {
      const reason = attempt.signal.aborted
        ? `The agent was silent for ${silenceMs / 1_000} s.`
        : 'The agent does not answer.';
      return { kind: 'lost', reason };
    } finally {
      clearTimeout(silence);
      this.#end.signal.removeEventListener('abort', give);
      attempt.abort();
    }
  }

  #parser = new EventParser();

  #ask(signal: AbortSignal): Promise<Response> {
    const { url, token } = this.#options;
    this.#parser = new EventParser();
    const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    return fetch(url, { headers, signal });
  }

  #take(text: string): void {
    for (const { event, data } of this.#parser.push(text)) {
      if (event === 'snapshot') {
        this.#failures = 0;
        this.#options.onSnapshot(JSON.parse(data) as Snapshot);
        this.#options.onState({ kind: 'live' });
      } else if (event === 'changes') {
        this.#options.onChanges(JSON.parse(data) as Changes);
      }
    }
  }

  /** Too many wrong tokens lock out the right one, too, but not for ever. Who has none may as well look for it. */
  async #refusal(answer: Response): Promise<StreamState> {
    const { message } = await errorOf(answer);
    const isBarred = answer.status === 429;
    if (answer.status === 401) return { kind: 'locked', reason: 'Look at admin.token in its configuration.' };
    if (isBarred && this.#options.token === undefined) return { kind: 'locked', reason: message };
    const againMs = retryAfterMs(answer) ?? (isBarred ? this.#slowestMs() : undefined);
    return { kind: 'lost', reason: message, ...(againMs === undefined ? {} : { againMs }) };
  }

  #retryMs(): number {
    const { retryMs = RETRY_MS } = this.#options;
    const ms = retryMs[this.#failures] ?? this.#slowestMs();
    this.#failures += 1;
    return ms;
  }

  #slowestMs(): number {
    return (this.#options.retryMs ?? RETRY_MS).at(-1) ?? 1_000;
  }
}

/** Safari has no iterator on streams; the reader is everywhere. */
async function* textsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield decoder.decode(value, { stream: true });
  }
}

/** What the agent asks for; undefined when it does not, or not in seconds. */
function retryAfterMs(answer: Response): number | undefined {
  const text = answer.headers.get('Retry-After') ?? '';
  return /^\d+$/.test(text) ? 1_000 * Math.min(Number(text), MAX_RETRY_AFTER_S) : undefined;
}

/** What the agent says of a refusal. */
export async function errorOf(answer: Response): Promise<{ error: string; message: string }> {
  const body = (await answer.json().catch(() => undefined)) as
    { error?: unknown; message?: unknown } | undefined;
  const { error, message } = body ?? {};
  return {
    error: typeof error === 'string' ? error : 'unknown',
    message: typeof message === 'string' ? message : `The agent answered ${answer.status}.`,
  };
}
