/** One request that reached the simulator. */
export interface RecordedRequest {
  readonly atMs: number;
  readonly method: string;
  /** Path with query; the value of `token` is masked. Tunnel paths do hold their connection key, which is single use. */
  readonly path: string;
  /** How the caller said who it is; never the secret itself. */
  readonly authorization: 'basic' | 'bearer' | 'cookie' | 'query' | undefined;
  /** What was answered; 101 for an upgrade, 0 when the connection was cut or left without an answer. */
  readonly status: number;
}

/** Requests kept by default; the oldest goes first. Enough for every call of a test, a few MB at most. */
const MAX_RECORDED = 10_000;

/** Longest path kept, in characters. */
const MAX_PATH_CHARS = 1_000;

/** The last requests, so that tests can say what was called and what was not. */
export class Recorder {
  #requests: RecordedRequest[] = [];

  constructor(private readonly limit = MAX_RECORDED) {}

  add(request: RecordedRequest): void {
    const path = request.path.replace(/([?&]token=)[^&]*/, '$1***').slice(0, MAX_PATH_CHARS);
    this.#requests.push({ ...request, path });
    // Trimmed in blocks, so that a busy recorder does not move its whole list at every request.
    if (this.#requests.length >= 2 * this.limit) this.#requests = this.#requests.slice(-this.limit);
  }

  /** The last requests, oldest first; only those of a method and of paths that begin like this, where given. */
  list(method?: string, pathPrefix = ''): RecordedRequest[] {
    return this.#requests
      .slice(-this.limit)
      .filter((each) => (method === undefined || each.method === method) && each.path.startsWith(pathPrefix));
  }

  clear(): void {
    this.#requests = [];
  }
}
