import { GatehouseError } from '../../contract/failure.js';
import { MAX_SETTLED_APPROVALS, MAX_WAITING_APPROVALS } from '../../contract/limits.js';
import { hostAndPort } from '../policy/host-and-port.js';
import {
  ApprovalDenied,
  type Answerer,
  type ApprovalQuestion,
  type Approvals,
} from '../supervisor/approval-gate.js';
import type { ApprovalAnswer, ApprovalOutcome, ApprovalView } from '../../contract/approval.js';

/** One way in which people are asked, beside the admin listener, which asks the table itself. */
export interface ApprovalChannel {
  /** A request begins to wait. */
  asked(request: ApprovalView): void;
  /** It waits no more. */
  settled(id: string): void;
}

export interface ApprovalTableParts {
  /** Longest wait, in ms. */
  readonly timeoutMs: number;
  /** Wall clock, in ms since 1970: for what people see. */
  readonly wallNow?: () => number;
}

interface Waiting {
  readonly request: ApprovalView;
  readonly settle: (outcome: Answerer | GatehouseError) => void;
}

/** The requests of this generation that wait for somebody on site. The first answer counts, whichever way it came. */
export class ApprovalTable implements Approvals {
  readonly #parts: ApprovalTableParts;
  readonly #waiting = new Map<string, Waiting>();
  /** What became of those that waited, as a sentence; the oldest is forgotten first. */
  readonly #settled = new Map<string, string>();
  readonly #channels = new Set<ApprovalChannel>();

  constructor(parts: ApprovalTableParts) {
    this.#parts = parts;
  }

  /** From here on `channel` is told of every request; what it gives ends that. */
  tell(channel: ApprovalChannel): () => void {
    this.#channels.add(channel);
    return () => this.#channels.delete(channel);
  }

  /** Those that wait, oldest first. */
  list(): ApprovalView[] {
    return [...this.#waiting.values()].map(({ request }) => request);
  }

  has(id: string): boolean {
    return this.#waiting.has(id);
  }

  noRoom(): string | undefined {
    if (this.#waiting.size < MAX_WAITING_APPROVALS) return undefined;
    const what = `${MAX_WAITING_APPROVALS} requests wait for approval on site already`;
    return `${what}; answer some ("gatehouse approvals" lists them), then connect again.`;
  }

  async ask(question: ApprovalQuestion, signal: AbortSignal): Promise<Answerer> {
    const { timeoutMs, wallNow = Date.now } = this.#parts;
    const id = question.sessionId;
    const askedAtMs = wallNow();
    const askedAt = new Date(askedAtMs).toISOString();
    const expiresAt = new Date(askedAtMs + timeoutMs).toISOString();
    const request = { id, ...question, askedAt, expiresAt };
    let timer: NodeJS.Timeout | undefined;
    let onAbort: (() => void) | undefined;
    try {
      const outcome = await new Promise<Answerer | GatehouseError>((resolve) => {
        timer = setTimeout(
          () => this.#settle(id, 'nobody answered it in time', late(request, timeoutMs)),
          timeoutMs,
        );
        onAbort = () => this.#settle(id, 'the request has ended', reasonOf(signal));
        signal.addEventListener('abort', onAbort);
        this.#waiting.set(id, { request, settle: resolve });
        for (const channel of this.#channels) channel.asked(request);
        if (signal.aborted) onAbort();
      });
      if (outcome instanceof GatehouseError) throw outcome;
      return outcome;
    } finally {
      clearTimeout(timer);
      if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
    }
  }

  /** Takes an answer, if it is the first one. */
  answer(id: string, { verdict, by, way }: ApprovalAnswer): ApprovalOutcome {
    const request = this.#waiting.get(id)?.request;
    if (request === undefined) {
      const sentence = this.#settled.get(id);
      return sentence === undefined ? { kind: 'unknown' } : { kind: 'settled', sentence };
    }
    const done = verdict === 'approve' ? 'approved' : 'denied';
    const outcome = verdict === 'approve' ? { by, way } : denied(request, by, way);
    this.#settle(id, `${by} had ${done} it (${way})`, outcome);
    return { kind: 'taken' };
  }

  #settle(id: string, sentence: string, outcome: Answerer | GatehouseError): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    this.#settled.set(id, sentence);
    const [oldest] = this.#settled.keys();
    if (this.#settled.size > MAX_SETTLED_APPROVALS && oldest !== undefined) this.#settled.delete(oldest);
    for (const channel of this.#channels) channel.settled(id);
    waiting.settle(outcome);
  }
}

function late({ host, port }: ApprovalView, timeoutMs: number): GatehouseError {
  const within = `within ${timeoutMs / 1_000} s (approval.timeout)`;
  const next =
    'ask somebody at the plant to be ready ("gatehouse approvals" or the dashboard), then connect again';
  return new GatehouseError(
    'approval-timeout',
    `Nobody approved the connection to ${hostAndPort(host, port)} ${within}; ${next}.`,
  );
}

function denied({ host, port }: ApprovalView, by: string, way: string): ApprovalDenied {
  const sentence = `The connection to ${hostAndPort(host, port)} was denied on site by ${by} (${way}); talk to them before you connect again.`;
  return new ApprovalDenied({ by, way }, sentence);
}

function reasonOf(signal: AbortSignal): GatehouseError {
  const reason: unknown = signal.reason;
  return reason instanceof GatehouseError
    ? reason
    : new GatehouseError('cancelled', 'The request has ended.');
}
