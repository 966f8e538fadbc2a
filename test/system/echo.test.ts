import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { World } from '../helpers/world.js';

test('an operator reaches a target through the gateway and the operation succeeds', async () => {
  const server = createServer((socket) => socket.pipe(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const world = await World.start();
  const tunnel = await world.open({ port });
  tunnel.write('hello');
  const answer = await new Promise<Buffer>((resolve) => tunnel.once('data', resolve));
  assert.equal(answer.toString(), 'hello');
  assert.equal((await world.finalOperation()).status, 'SUCCESSFUL');
  await tunnel.close();
  await world.idle();
  await world.stop();
  server.close();
});
