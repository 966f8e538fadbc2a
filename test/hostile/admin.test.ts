import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { SessionView } from '../../src/admin/backend.js';
import { SESSION, bodyOf, statusOf, withAdmin } from '../unit/admin/admin-helpers.js';
import { bytesOf, surface, type Case, type Written } from './cases.js';

interface AdminCase extends Case {
  readonly request: Written;
  readonly status: number;
  readonly error?: string;
  readonly listener?: 'token';
  readonly acts?: 'drain' | 'close';
  /** Name of the one session's conduit. */
  readonly conduit?: string;
  /** What the answer must not hold. */
  readonly lacks?: string;
}

const TOKEN = 'canary-token-0123456789';

for (const each of surface<AdminCase>('admin').cases) {
  test(`${each.id}: ${each.status === 0 ? 'no answer' : each.status}`, () =>
    withAdmin(each.listener === 'token' ? { token: TOKEN } : {}, async ({ port, backend, errors }) => {
      const session: SessionView = { ...SESSION, conduit: each.conduit ?? SESSION.conduit };
      backend.list = [session];
      const fill = {
        port: String(port),
        'token-1': TOKEN.slice(0, -1),
        TOKEN: TOKEN.toUpperCase(),
        token: TOKEN,
      };
      const answer = await answerTo(port, bytesOf(each.request, fill));
      assert.equal(statusOf(answer) || 0, each.status, answer.slice(0, 200));
      checkAnswer(answer, each);
      assert.deepEqual(
        [backend.closed, backend.drains, errors],
        [each.acts === 'close' ? ['s-1'] : [], each.acts === 'drain' ? 1 : 0, []],
      );
      if (each.conduit !== undefined) assert.deepEqual(JSON.parse(bodyOf(answer)), [session]);
      // Whatever came before, the listener goes on.
      assert.equal(statusOf(await answerTo(port, bytesOf(HEALTH, fill))), 200);
    }));
}

const HEALTH = 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n';

function checkAnswer(answer: string, { error, lacks, conduit }: AdminCase): void {
  assert.doesNotMatch(answer, /canary-token/i);
  assert.doesNotMatch(answer.slice(0, answer.indexOf('\r\n\r\n')), /access-control|set-cookie/i);
  if (answer !== '') assert.match(answer, /X-Content-Type-Options: nosniff/);
  if (conduit !== undefined) assert.match(answer, /Content-Type: application\/json/);
  if (lacks !== undefined) assert.ok(!answer.includes(lacks), answer);
  if (error === undefined) return;
  const { error: code, message } = JSON.parse(bodyOf(answer)) as { error: string; message: string };
  assert.equal(code, error);
  assert.ok(message.endsWith('.'), message);
}

/** Sends bytes and takes the first answer; our side ends first, so a connection that is kept alive ends too. */
async function answerTo(port: number, bytes: Buffer): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' });
  let answer = '';
  socket.setEncoding('utf8');
  socket.on('data', (part: string) => (answer += part));
  // A refusal while the request is still being sent resets the connection; what was said counts.
  socket.on('error', () => undefined);
  const timer = setTimeout(() => socket.destroy(), 5_000);
  socket.end(bytes);
  if (!socket.closed) await once(socket, 'close').catch(() => undefined);
  clearTimeout(timer);
  return answer;
}
