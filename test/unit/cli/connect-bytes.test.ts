import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { WebSocket } from 'ws';
import { assertSameBytes, client, readAll, startConnect } from './connect-helpers.js';
import { pattern, withCloud } from './scripted-cloud.js';

const MIB = 1_048_576;
const SIZES = [0, 1, 125, 126, 127, 65_535, 65_536, 65_537, MIB - 1, MIB, MIB + 1, 16 * MIB];

/** Collects what a tunnel gets until `bytes` are there. */
function collect(socket: WebSocket, bytes: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const check = (): void => {
      if (length >= bytes) resolve(Buffer.concat(chunks));
    };
    socket.on('message', (message: Buffer) => {
      chunks.push(message);
      length += message.length;
      check();
    });
    check();
  });
}

for (const size of SIZES) {
  test(`${size} bytes arrive at the client as one message, and the cloud closing loses none`, () =>
    withCloud(
      (socket) => {
        socket.send(pattern(size));
        socket.close(1000);
      },
      async (cloud) => {
        const { port, stop } = await startConnect(cloud);
        const socket = await client(port);
        assertSameBytes(await readAll(socket), pattern(size));
        socket.end();
        assert.equal(await stop(), 0);
      },
    ));

  test(`${size} bytes arrive at the cloud, and the client closing loses none`, () => {
    let arrived: Promise<Buffer> = Promise.resolve(Buffer.alloc(0));
    return withCloud(
      (socket) => {
        arrived = collect(socket, size).then((bytes) => {
          socket.send('thanks');
          socket.close(1000);
          return bytes;
        });
      },
      async (cloud) => {
        const { port, stop } = await startConnect(cloud);
        const socket = await client(port);
        socket.end(pattern(size));
        assert.equal((await readAll(socket)).toString(), 'thanks');
        assertSameBytes(await arrived, pattern(size));
        assert.equal(await stop(), 0);
      },
    );
  });
}

test('both directions at once keep every byte in order, in messages of many sizes', () => {
  const down = pattern(3 * MIB);
  const up = pattern(2 * MIB + 77);
  let arrived: Promise<Buffer> = Promise.resolve(Buffer.alloc(0));
  return withCloud(
    (socket) => {
      arrived = collect(socket, down.length);
      let sent = 0;
      for (let step = 1; sent < up.length; step = (step * 3) % 70_001) {
        socket.send(up.subarray(sent, sent + step));
        sent += step;
      }
      void arrived.then(() => socket.close(1000));
    },
    async (cloud) => {
      const { port, stop } = await startConnect(cloud);
      const socket = await client(port);
      socket.write(down);
      assertSameBytes(await readAll(socket), up);
      assertSameBytes(await arrived, down);
      socket.end();
      assert.equal(await stop(), 0);
    },
  );
});

test('the answer to a client that half-closed comes through, and the tunnel closes when nothing more comes', () => {
  let closed: Promise<unknown> = Promise.resolve();
  return withCloud(
    (socket) => {
      closed = once(socket, 'close');
      socket.on('message', () => socket.send('HTTP/1.0 200 OK'));
    },
    async (cloud) => {
      const { port, stop } = await startConnect(cloud, { lingerMs: 50 });
      const socket = await client(port);
      socket.end('GET / HTTP/1.0\r\n\r\n');
      assert.equal((await readAll(socket)).toString(), 'HTTP/1.0 200 OK');
      const [code] = (await closed) as [number];
      assert.equal(code, 1000);
      assert.equal(await stop(), 0);
    },
  );
});

test('a client that goes away ends the tunnel, and what it had sent arrives', async () => {
  let onTunnel = (socket: WebSocket): void => socket.terminate();
  const opened = new Promise<{ arrived: Promise<Buffer>; closed: Promise<unknown[]> }>((resolve) => {
    onTunnel = (socket) => resolve({ arrived: collect(socket, 1_000), closed: once(socket, 'close') });
  });
  await withCloud(
    (socket) => onTunnel(socket),
    async (cloud) => {
      const { port, stop } = await startConnect(cloud);
      const socket = await client(port);
      socket.write(pattern(1_000));
      const { arrived, closed } = await opened;
      assertSameBytes(await arrived, pattern(1_000));
      socket.resetAndDestroy();
      const [code] = await closed;
      assert.equal(code, 1000);
      assert.equal(await stop(), 0);
    },
  );
});

test('a cloud that breaks off without a close frame loses nothing that it had sent', () =>
  withCloud(
    (socket) => socket.send(pattern(MIB), () => socket.terminate()),
    async (cloud) => {
      const { port, stop } = await startConnect(cloud);
      const socket = await client(port);
      assertSameBytes(await readAll(socket), pattern(MIB));
      socket.end();
      assert.equal(await stop(), 0);
    },
  ));

test('a client that does not read holds the cloud back, and gets everything once it reads', () => {
  let tunnel: WebSocket | undefined;
  const total = 32 * MIB;
  return withCloud(
    (socket) => {
      tunnel = socket;
      for (let sent = 0; sent < total; sent += 65_536) socket.send(Buffer.alloc(65_536, sent / 65_536));
    },
    async (cloud) => {
      const { port, stop } = await startConnect(cloud);
      const socket = await client(port);
      socket.pause();
      // The kernels' buffers fill; then the cloud's sender has to wait. It never gets rid of all 32 MiB.
      let last = -1;
      for (let round = 0; round < 100 && tunnel?.bufferedAmount !== last; round += 1) {
        last = tunnel?.bufferedAmount ?? -1;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assert.ok(last > 4 * MIB, `${last} bytes wait at the cloud`);
      tunnel?.close(1000);
      const bytes = await readAll(socket);
      assert.equal(bytes.length, total);
      for (let place = 0; place < total; place += 65_536) assert.equal(bytes[place], (place / 65_536) & 255);
      socket.end();
      assert.equal(await stop(), 0);
    },
  );
});

test('bytes that the client sends before the tunnel is up wait for it', () => {
  let arrived: Promise<Buffer> = Promise.resolve(Buffer.alloc(0));
  return withCloud(
    (socket) => {
      arrived = collect(socket, 200_000);
      void arrived.then(() => socket.close(1000));
    },
    async (cloud) => {
      const { port, stop } = await startConnect(cloud);
      const socket = await client(port);
      socket.end(pattern(200_000));
      await readAll(socket);
      assertSameBytes(await arrived, pattern(200_000));
      assert.equal(await stop(), 0);
    },
  );
});
