import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { ToxicProxy, type Toxics } from '../../faults/injectors/toxic-proxy.js';
import { eventually } from '../../helpers/eventually.js';
import { PlantTarget, type PlantConnection } from '../../helpers/plant.js';

interface Ends {
  readonly proxy: ToxicProxy;
  readonly client: Socket;
  readonly target: PlantConnection;
}

async function through(t: TestContext, toxics: Toxics, onSocket?: (socket: Socket) => void): Promise<Ends> {
  const server = await PlantTarget.listen(onSocket ?? (() => undefined));
  const proxy = await ToxicProxy.listen(server.port, toxics);
  const client = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
  client.on('error', () => undefined);
  t.after(() => {
    client.destroy();
    proxy.close();
    server.close();
  });
  return { proxy, client, target: await server.connection() };
}

function received(target: PlantConnection, text: string): Promise<true> {
  return eventually(() => target.received.toString() === text || undefined, `"${text}" at the target`);
}

test('bytes are held back by the latency and by the rate', async (t) => {
  const { client, target } = await through(t, {
    up: { latencyMs: 100, bytesPerSecond: 100, sliceBytes: 10 },
  });
  const startedAt = performance.now();
  client.write('0123456789'.repeat(3));
  await received(target, '0123456789'.repeat(3));
  // Two slices take 100 ms each before the third may go.
  assert.ok(performance.now() - startedAt >= 290);
});

test('each slice comes in a read of its own', async (t) => {
  const reads: string[] = [];
  const { client, target } = await through(t, { up: { sliceBytes: 1 } }, (socket) =>
    socket.on('data', (chunk) => reads.push(String(chunk))),
  );
  client.write('slices');
  await received(target, 'slices');
  assert.ok(reads.length > 1, `${reads.length} reads`);
});

for (const [after, ending] of [
  ['close', 'fin'],
  ['half-close', 'fin'],
  ['reset', 'reset'],
] as const) {
  test(`behind the last byte that passes comes ${after}`, async (t) => {
    const { client, target } = await through(t, { up: { limitBytes: 4, after } });
    client.write('all of it');
    assert.equal(await target.ended(), ending);
    assert.ok(target.received.length <= 4);
    if (after !== 'reset') assert.equal(target.received.toString(), 'all ');
  });
}

test('one direction can be swallowed and given back while the other works', async (t) => {
  const { proxy, client, target } = await through(t, { up: { isSwallowing: true } });
  client.write('lost');
  target.socket.write('heard');
  const [heard] = (await once(client, 'data')) as [Buffer];
  assert.equal(String(heard), 'heard');
  proxy.set({});
  client.write('found');
  await received(target, 'found');
});

test('connections are refused, and reset when told so', async (t) => {
  const { proxy, client, target } = await through(t, {});
  const closed = new Promise((resolve) => client.once('close', resolve));
  proxy.reset();
  await closed;
  assert.equal(await target.ended(), 'reset');
  proxy.set({ refuse: 'reset' });
  const other = connect({ port: proxy.port, host: '127.0.0.1' });
  const [error] = (await once(other, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNRESET');
});
