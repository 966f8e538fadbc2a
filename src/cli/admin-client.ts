import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import type { Secret } from '../../contract/secret.js';
import { ADMIN_ERRORS } from '../admin/errors.js';
import type { AdminListen } from '../config/config.js';
import type { ConfigError } from '../config/problem.js';
import { EXIT } from '../exit-codes.js';
import type { CommandIo } from './command-io.js';

/** Where a running agent can be asked; `admin` of the configuration. */
export interface AdminTarget {
  readonly listen: AdminListen;
  readonly token: Secret | undefined;
  /** What is wrong with the rest of the configuration: told when nobody answers. */
  readonly invalid?: ConfigError;
}

/** Options of every command that talks to a running agent. */
export interface AdminCommandOptions {
  readonly target: AdminTarget;
  /** Print the answer as JSON instead of text for people. Default false. */
  readonly json?: boolean;
}

/** Longest wait for an answer, in ms: longer than the 20 s that the agent waits for a session to be gone. */
const ANSWER_MS = 30_000;

/** Largest answer, in bytes; 10,000 sessions are about 3 MB. */
const MAX_ANSWER_BYTES = 32 * 1_048_576;

/** An answer of the admin listener that is not an error. */
export interface AdminAnswer {
  readonly status: number;
  /** The parsed body; undefined when there is none. */
  readonly body: unknown;
}

/** Why a command could not do its work, with the exit code and a sentence that says what to do. */
export class AdminClientError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.name = 'AdminClientError';
    this.exitCode = exitCode;
  }
}

/** Asks a running agent over its admin listener: one connection per request. */
export class AdminClient {
  readonly #target: AdminTarget;
  readonly #answerMs: number;

  /** @param answerMs longest wait for an answer. Default 30 s: longer than the agent waits for a session to be gone. */
  constructor(target: AdminTarget, answerMs: number = ANSWER_MS) {
    this.#target = target;
    this.#answerMs = answerMs;
  }

  /** `content` goes along as JSON. @throws AdminClientError for everything but a 2xx answer; `invalid` of the target. */
  async ask(method: 'GET' | 'POST' | 'DELETE', path: string, content?: object): Promise<AdminAnswer> {
    const place = describeListen(this.#target.listen);
    let answer: { status: number; text: string };
    try {
      const signal = AbortSignal.timeout(this.#answerMs);
      const headers = headersOf(this.#target.token, method);
      const options = { ...whereOf(this.#target.listen), method, path, headers, signal };
      answer = await exchange(options, content === undefined ? undefined : JSON.stringify(content));
    } catch (error) {
      const { invalid } = this.#target;
      if (invalid !== undefined) throw invalid;
      throw unreachable(error, place, this.#answerMs);
    }
    const body = parse(answer.text);
    if (body === undefined && answer.text !== '') throw noAgent(answer.status, place);
    if (answer.status >= 200 && answer.status < 300) return { status: answer.status, body };
    throw refusal(answer.status, body, place);
  }
}

/** Runs the body of a command: its failure becomes a sentence on standard error and an exit code. */
export async function adminCommand(io: CommandIo, work: () => Promise<void>): Promise<number> {
  try {
    await work();
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof AdminClientError)) throw error;
    io.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
}

function whereOf(listen: AdminListen): RequestOptions {
  switch (listen.kind) {
    case 'off':
      throw new AdminClientError(
        EXIT.unreachable,
        'The admin listener is off in this configuration; set admin.listen and restart the agent.',
      );
    case 'unix':
      return { socketPath: listen.path };
    case 'tcp':
      return { host: reachable(listen.host), port: listen.port };
  }
}

/** An address that everything listens on is reached over loopback. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

function headersOf(token: Secret | undefined, method: string): Record<string, string> {
  return {
    Accept: 'application/json',
    Connection: 'close',
    ...(method === 'POST' ? { 'Content-Type': 'application/json' } : {}),
    ...(token === undefined ? {} : { Authorization: `Bearer ${token.reveal()}` }),
  };
}

function exchange(
  options: RequestOptions,
  content: string | undefined,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ ...options, agent: false });
    request.once('error', reject);
    request.once('response', (response) => {
      readText(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject);
    });
    request.end(content);
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`the answer is larger than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unreachable(error: unknown, place: string, answerMs: number): AdminClientError {
  if (error instanceof AdminClientError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const cause = code === 'ABORT_ERR' ? `no answer within ${answerMs / 1_000} s` : code || String(error);
  const next =
    code === 'EACCES'
      ? 'Your account may not use the socket: join its group or run the command as root.'
      : 'Is the agent running (gatehouse run), and with this configuration?';
  return new AdminClientError(EXIT.unreachable, `No agent at ${place} (${cause}). ${next}`, { cause: error });
}

function refusal(status: number, body: unknown, place: string): AdminClientError {
  if (!Object.hasOwn(ADMIN_ERRORS, field(body, 'error') ?? '')) return noAgent(status, place);
  const message = messageFor(field(body, 'error') ?? '') ?? field(body, 'message') ?? 'it gave no reason';
  if (status === 401) {
    const next = 'Give the admin token of the running agent: admin.token or GATEHOUSE_ADMIN_TOKEN.';
    return new AdminClientError(EXIT.refused, `The agent at ${place} refuses the token. ${next}`);
  }
  if (status === 429) return new AdminClientError(EXIT.refused, `The agent at ${place} refuses: ${message}`);
  return new AdminClientError(EXIT.failed, message);
}

/** What the agent says to programs in terms of its paths, in terms of commands; undefined when it is fine as it is. */
function messageFor(error: string): string | undefined {
  return error === 'unknown-approval'
    ? 'There is no request with this id; gatehouse approvals shows those that wait.'
    : undefined;
}

function noAgent(status: number, place: string): AdminClientError {
  const what = `What answers at ${place} is no Gatehouse agent (HTTP ${status}).`;
  return new AdminClientError(EXIT.unreachable, `${what} Check admin.listen.`);
}

function field(body: unknown, name: string): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const value: unknown = Reflect.get(body, name);
  return typeof value === 'string' ? value : undefined;
}

function describeListen(listen: AdminListen): string {
  switch (listen.kind) {
    case 'off':
      return 'off';
    case 'unix':
      return listen.path;
    case 'tcp':
      return `${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${listen.port}`;
  }
}
