import type { SessionView, StatusView } from '../../admin/backend.js';
import { AdminClient, AdminClientError } from '../admin-client.js';
import type { AdminTarget } from '../admin-client.js';
import { printable } from '../admin-text.js';

/** Longest wait for one answer, in ms: an agent that stands still for longer is as good as away. */
const ANSWER_MS = 5_000;

/** What an agent says about itself at a time. */
export interface Reading {
  readonly sessions: readonly SessionView[];
  /** Version, cloud link, whether it drains, in a few words. */
  readonly about: string;
  readonly isConnected: boolean;
}

/** Asks a running agent for its sessions, again and again. */
export class AgentFeed {
  readonly #client: AdminClient;
  readonly #patient: AdminClient;

  constructor(target: AdminTarget) {
    this.#client = new AdminClient(target, ANSWER_MS);
    this.#patient = new AdminClient(target);
  }

  /** @throws AdminClientError when the agent does not answer, or refuses. */
  async read(): Promise<Reading> {
    const [{ body }, status] = await Promise.all([this.#client.ask('GET', '/api/sessions'), this.#status()]);
    const sessions = Array.isArray(body) ? (body as readonly SessionView[]) : [];
    return { sessions, ...aboutAgent(status) };
  }

  /** Ends a session; gives what happened as a sentence. */
  async end(id: string): Promise<{ readonly text: string; readonly isDone: boolean }> {
    try {
      await this.#patient.ask('DELETE', `/api/sessions/${encodeURIComponent(id)}`);
      return { text: `Session ${id} has ended.`, isDone: true };
    } catch (error) {
      if (!(error instanceof AdminClientError)) throw error;
      return { text: `Session ${id} was not ended: ${printable(error.message)}`, isDone: false };
    }
  }

  /** The list is what counts: without a status there is only less to say. */
  async #status(): Promise<Partial<StatusView> | undefined> {
    try {
      const { body } = await this.#client.ask('GET', '/api/status');
      return typeof body === 'object' && body !== null ? body : undefined;
    } catch (error) {
      if (!(error instanceof AdminClientError)) throw error;
      return undefined;
    }
  }
}

function aboutAgent(status: Partial<StatusView> | undefined): Pick<Reading, 'about' | 'isConnected'> {
  if (status?.cloud === undefined) return { about: '', isConnected: true };
  const isConnected = status.cloud.state === 'connected';
  const words = [
    isConnected ? 'cloud connected' : 'cloud away',
    ...(status.draining === true ? ['draining'] : []),
  ];
  return { about: words.join(', '), isConnected };
}
