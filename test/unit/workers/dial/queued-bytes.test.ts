import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { queuedBytes } from '../../../../workers/dial/wire.js';
import { until } from '../../../helpers/until.js';

test('of a write that the peer does not take, the rest is seen, and shrinks as the peer reads', async (t) => {
  const server = net.createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[net.Socket]>;
  const socket = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
  t.after(() => socket.destroy());
  const [[peer]] = await Promise.all([accepted, once(socket, 'connect')]);
  t.after(() => peer.destroy());
  assert.equal(queuedBytes(socket), 0);
  const bytes = 64 * 1_048_576;
  const written = new Promise((resolve) => socket.write(Buffer.alloc(bytes), resolve));
  const stuck = queuedBytes(socket);
  assert.ok(stuck > 0 && stuck < bytes, `${stuck} bytes`);
  peer.on('data', () => undefined).resume();
  await until('the write', written);
  assert.equal(queuedBytes(socket), 0);
});

test('nothing waits where there is no socket', () => {
  assert.equal(queuedBytes(undefined), 0);
  assert.equal(queuedBytes(new net.Socket()), 0);
});
