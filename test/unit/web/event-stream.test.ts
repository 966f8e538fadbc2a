import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { test } from 'node:test';
import { EventParser } from '../../../web/model/event-parser.js';
import { EventStream, type StreamState } from '../../../web/model/event-stream.js';
import { untilTrue } from '../../helpers/until.js';
import { MAX_WRONG_TOKENS } from '../../../src/admin/limits.js';
import { withAdmin } from '../admin/admin-helpers.js';

test('events come out whole, wherever their text was cut', () => {
  const text = 'event: snapshot\ndata: {"a":1}\n\n: a comment\n\ndata: x\ndata: y\n\n';
  for (let cut = 0; cut <= text.length; cut += 1) {
    const parser = new EventParser();
    const events = [...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))];
    assert.deepEqual(events, [
      { event: 'snapshot', data: '{"a":1}' },
      { event: 'message', data: 'x\ny' },
    ]);
  }
});

test('an event without an end is refused', () => {
  const parser = new EventParser();
  const piece = 'x'.repeat(1_048_576);
  assert.throws(() => {
    for (let times = 0; times < 20; times += 1) parser.push(piece);
  }, /has no end/);
});

/** A stream that notes what it tells the page. */
function follow(url: string, more: { token?: string; silenceMs?: number } = {}) {
  const told = { snapshots: 0, changes: 0, states: [] as StreamState[] };
  const stream = new EventStream({
    url,
    token: more.token,
    onSnapshot: () => (told.snapshots += 1),
    onChanges: () => (told.changes += 1),
    onState: (state) => told.states.push(state),
    retryMs: [5],
    ...(more.silenceMs === undefined ? {} : { silenceMs: more.silenceMs }),
  });
  return { told, stream, run: stream.run() };
}

test('a snapshot and then changes come, until the page is closed', () =>
  withAdmin({}, async ({ port }) => {
    const { told, stream, run } = follow(`http://127.0.0.1:${port}/api/events`);
    await untilTrue('changes', () => told.changes > 0);
    stream.stop();
    await run;
    assert.equal(told.snapshots, 1);
    assert.deepEqual(
      told.states.map(({ kind }) => kind),
      ['connecting', 'live'],
    );
  }));

test('an agent that is away is asked again until it is back', async () => {
  let url = '';
  let port = 0;
  await withAdmin({}, async (admin) => {
    port = admin.port;
    url = `http://127.0.0.1:${port}/api/events`;
    await Promise.resolve();
  });
  const { told, stream, run } = follow(url);
  await untilTrue('that it is away', () => told.states.some(({ kind }) => kind === 'lost'));
  await withAdmin({ listen: { kind: 'tcp', host: '127.0.0.1', port } }, async () => {
    await untilTrue('a snapshot', () => told.snapshots === 1);
  });
  await untilTrue('that it is away again', () => told.states.at(-1)?.kind === 'lost');
  await withAdmin({ listen: { kind: 'tcp', host: '127.0.0.1', port } }, async () => {
    await untilTrue('another snapshot', () => told.snapshots === 2);
    stream.stop();
    await run;
  });
});

test('without the right token nothing is tried again', () =>
  withAdmin({ token: 'a-token-of-length' }, async ({ port }) => {
    const url = `http://127.0.0.1:${port}/api/events`;
    const locked = follow(url, { token: 'wrong' });
    await locked.run;
    assert.deepEqual(locked.told.states.at(-1), {
      kind: 'locked',
      reason: 'Look at admin.token in its configuration.',
    });
    const { told, stream } = follow(url, { token: 'a-token-of-length' });
    await untilTrue('a snapshot', () => told.snapshots === 1);
    stream.stop();
  }));

test('who has a token and is shut out for others’ wrong ones tries again when the agent says so', async () => {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    if (asked > 2) response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
    else
      response
        .writeHead(429, asked === 1 ? { 'Retry-After': '0' } : {})
        .end('{"error":"too-many-failures","message":"Wait a minute."}');
  });
  const url = `http://127.0.0.1:${await portOf(server)}/`;
  const { told, stream } = follow(url, { token: 'a-token-of-length' });
  await untilTrue('a third try', () => asked > 2);
  assert.deepEqual(told.states.slice(1, 3), [
    { kind: 'lost', reason: 'Wait a minute.', againMs: 0 },
    { kind: 'lost', reason: 'Wait a minute.', againMs: 5 },
  ]);
  stream.stop();
  server.close();
  server.closeAllConnections();
});

test('who has no token is asked for one, also when others’ wrong ones were too many', () =>
  withAdmin({ token: 'a-token-of-length' }, async ({ port }) => {
    const url = `http://127.0.0.1:${port}/api/events`;
    for (let wrong = 0; wrong < MAX_WRONG_TOKENS; wrong += 1) await follow(url, { token: 'wrong' }).run;
    const { told, run } = follow(url);
    await run;
    assert.equal(told.states.at(-1)?.kind, 'locked');
    const right = follow(url, { token: 'a-token-of-length' });
    await untilTrue('that it is shut out', () => right.told.states.at(-1)?.kind === 'lost');
    assert.deepEqual(right.told.states.at(-1), {
      kind: 'lost',
      reason: 'Too many wrong tokens from this address; wait a minute.',
      againMs: 60_000,
    });
    right.stream.stop();
  }));

test('an agent that says nothing more is left and asked again', async () => {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.flushHeaders();
  });
  const { told, stream } = follow(`http://127.0.0.1:${await portOf(server)}/`, { silenceMs: 20 });
  await untilTrue('a second try', () => asked > 1);
  assert.ok(told.states.some((state) => state.kind === 'lost' && state.reason.includes('silent')));
  stream.stop();
  server.close();
  server.closeAllConnections();
});

function portOf(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}
