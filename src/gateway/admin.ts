import { performance } from 'node:perf_hooks';
import { AdminServer, type AdminAddress } from '../admin/admin-server.js';
import type { AdminBackend } from '../admin/backend.js';
import type { Metrics } from '../admin/metrics.js';
import type { AdminListen } from '../config/config.js';
import type { AdminPlace } from '../generations/messages.js';
import { wholeAgent, wholeMetrics, type OwnBackend } from '../generations/elders.js';
import type { GatewayOptions } from './options.js';
import { dashboardPages } from './pages.js';
import { hostAndPort } from '../policy/host-and-port.js';

/** How often an address that somebody holds is tried again, in ms. */
const RETRY_MS = 500;

export interface GatewayAdminOptions extends Pick<GatewayOptions, 'config' | 'log' | 'others'> {
  /** What this generation shows of itself. */
  readonly own: OwnBackend;
  readonly metrics: Metrics;
}

/** The admin listener of a gateway that is not always the one that has it. */
export class GatewayAdmin {
  /** The agent as a whole. */
  readonly backend: AdminBackend;
  readonly #options: GatewayAdminOptions;
  #server: AdminServer | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: GatewayAdminOptions) {
    const { others, own } = options;
    this.#options = options;
    this.backend = others === undefined ? own : wholeAgent(own, others.elders);
  }

  /**
   * Listens; gives the address, undefined when it is off. With `mayWait` an address that cannot be had is tried until
   * it can, and the answer is undefined as well.
   * @throws Error when the address cannot be had, without `mayWait`.
   */
  async start(listen: AdminListen, mayWait: boolean): Promise<AdminAddress | undefined> {
    await this.stop();
    const server = this.#create(listen);
    this.#server = server;
    try {
      return await server.start();
    } catch (error) {
      if (!mayWait) throw notListening(listen, error);
      this.#options.log.warn({ err: error }, 'the admin address is not free yet');
      this.#tryLater(listen);
      return undefined;
    }
  }

  /** Gives it up. Twice is harmless. */
  async stop(): Promise<void> {
    clearTimeout(this.#retry);
    await this.#server?.stop();
    this.#server = undefined;
  }

  #tryLater(listen: AdminListen): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      const server = this.#create(listen);
      this.#server = server;
      server.start().then(
        (admin) => this.#options.log.info({ admin }, 'the admin address is free'),
        () => {
          if (this.#server === server) this.#tryLater(listen);
        },
      );
    }, RETRY_MS);
  }

  #create(listen: AdminListen): AdminServer {
    const { log, others, metrics, config } = this.#options;
    return new AdminServer({
      listen,
      token: config.admin.token,
      backend: this.backend,
      pages: dashboardPages(),
      metrics: others === undefined ? metrics : wholeMetrics(metrics, others.elders),
      onError: (error) => log.error({ err: error }, 'admin request failed'),
      now: () => performance.now(),
    });
  }
}

/** For whoever starts the agent: which key it is, and what to do. */
function notListening(listen: AdminListen, cause: unknown): Error {
  const why = cause instanceof Error ? cause.message : String(cause);
  const isTaken = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';
  const next = isTaken
    ? 'another program or another agent has it; end that, or name another one'
    : 'name one that this machine has and the agent may use';
  const place = listen.kind === 'tcp' ? ` ${hostAndPort(listen.host, listen.port)}` : '';
  return new Error(`admin.listen${place} cannot be had (${why}): ${next}. gatehouse check proposes one.`, {
    cause,
  });
}

/** Port 0 of the configuration stands for any free one: the one that the generation before had, if there was one. */
export function samePort(listen: AdminListen, before: AdminPlace | undefined): AdminListen {
  const isAny = listen.kind === 'tcp' && listen.port === 0 && listen.host === before?.host;
  return isAny ? { ...listen, port: before.port } : listen;
}
