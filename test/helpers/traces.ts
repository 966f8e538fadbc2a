import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';

/** Places by name, with what stands there: everything that an agent leaves where somebody may read it. */
export type Traces = ReadonlyMap<string, string>;

/** Longest wait for one answer of the admin listener, in ms; one that does not come is no trace. */
const ANSWER_MS = 5_000;

/** Largest file that is looked at, in bytes. */
const MAX_FILE_BYTES = 64 * 1_048_576;

/** What the admin listener answers, with its headers, to who may ask and to who may not. */
const REQUESTS = [
  '/metrics',
  '/api/status',
  '/api/sessions',
  '/api/operations',
  '/healthz',
  '/readyz',
  '/',
  '/no-such-page',
];

/** Every answer of an admin listener: `http://127.0.0.1:port`, or the path of a unix socket. */
export async function adminAnswers(at: string, token?: string): Promise<Traces> {
  const traces = new Map<string, string>();
  for (const requestPath of REQUESTS) {
    for (const authorization of token === undefined ? [undefined] : [`Bearer ${token}`, undefined]) {
      const answer = await ask(at, requestPath, authorization);
      if (answer !== undefined) {
        traces.set(
          `${requestPath} of the admin listener${authorization === undefined ? ' without token' : ''}`,
          answer,
        );
      }
    }
  }
  return traces;
}

function ask(
  at: string,
  requestPath: string,
  authorization: string | undefined,
): Promise<string | undefined> {
  const where = at.startsWith('/')
    ? { socketPath: at }
    : { host: new URL(at).hostname, port: new URL(at).port };
  const headers = {
    host: 'localhost',
    connection: 'close',
    ...(authorization === undefined ? {} : { authorization }),
  };
  return new Promise((resolve) => {
    const asking = request({ ...where, path: requestPath, headers, timeout: ANSWER_MS }, (reply) => {
      let body = JSON.stringify(reply.headers);
      reply.setEncoding('utf8').on('data', (text: string) => (body += text));
      reply.on('close', () => resolve(body));
    });
    asking.on('timeout', () => asking.destroy()).on('error', () => resolve(undefined));
    asking.end();
  });
}

/** Command line and environment of a process and of all below it; empty where there is no /proc. */
export function processTraces(pid: number): Traces {
  const traces = new Map<string, string>();
  for (const each of [pid, ...descendants(pid)]) {
    for (const file of ['cmdline', 'environ']) {
      const text = readable(`/proc/${each}/${file}`);
      if (text !== undefined) traces.set(`/proc/${each}/${file}`, text);
    }
  }
  return traces;
}

/** Ids of every process below this one; none where there is no /proc. */
export function descendants(pid: number): readonly number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendants(child)]);
}

function childrenOf(pid: number): readonly number[] {
  const tasks = `/proc/${pid}/task`;
  return listed(tasks).flatMap((task) =>
    (readable(`${tasks}/${task}/children`) ?? '').split(' ').filter(Boolean).map(Number),
  );
}

/** Every file below `folder`, but for those that whoever started the agent wrote there. */
export function fileTraces(folder: string, except: ReadonlySet<string>): Traces {
  const traces = new Map<string, string>();
  if (!existsSync(folder)) return traces;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const file = path.join(folder, name);
    if (except.has(file)) continue;
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat?.isFile() !== true || stat.size > MAX_FILE_BYTES) continue;
    const text = readable(file);
    if (text !== undefined) traces.set(file, text);
  }
  return traces;
}

/** Names in a folder; none when it is gone, as that of a process that has just ended. */
function listed(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** What is no text is searched as well: secrets are found between whatever stands for it. */
function readable(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
