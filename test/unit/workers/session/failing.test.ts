import assert from 'node:assert/strict';
import net from 'node:net';
import { before, describe, test } from 'node:test';
import { serverIdentity, type Identity } from '../../../helpers/certificates.js';
import { closeFrame, frame } from '../../../helpers/raw-cloud.js';
import { Rig, brief, loopback } from '../../../helpers/session-rig.js';
import { SilentPort } from '../../../helpers/silent-port.js';
import { lateTarget, slowCloud } from '../../../helpers/slow-cloud.js';
import { closedPort } from '../../../helpers/closed-port.js';
import { Target, banner, readAll, resetting } from '../../../helpers/targets.js';
import { untilTrue } from '../../../helpers/until.js';

for (const secure of [false, true]) {
  describe(secure ? 'over TLS' : 'over TCP', () => {
    let identity: Identity | undefined;
    before(async () => {
      identity = secure ? await serverIdentity() : undefined;
    });

    test('a target that refuses fails the operation, and the tunnel is not left', async () => {
      const { rig, gate } = await slowCloud(identity, new Target());
      gate.open();
      const { summary, id } = rig.start({}, { target: loopback(await closedPort()) });
      const result = await summary;
      assert.equal(brief(result), 'failed target-refused');
      assert.equal(rig.wasOpened(id), false);
      await untilTrue('no connection at the cloud', () => rig.cloud.connections.size === 0);
      await rig.close();
    });

    test('a target that fails after the tunnel is up is told to the cloud as close 1011 with the code', async () => {
      const { rig, gate } = await slowCloud(identity, new Target());
      gate.open();
      const silent = await SilentPort.on('127.0.0.2');
      const target = loopback(silent.port, 'plc', silent.host);
      const { summary } = rig.start({ connectTimeoutMs: 500 }, { target });
      const peer = await rig.cloud.peer();
      assert.equal(brief(await summary), 'failed target-timeout');
      assert.deepEqual(peer.closed, { code: 1011, reason: 'target-timeout' });
      await silent.close();
      await rig.close();
    });

    test('a target that resets at once fails the operation', async () => {
      const { rig, gate } = await slowCloud(identity, new Target(resetting));
      const { summary } = rig.start();
      assert.equal(brief(await summary), 'failed target-reset');
      gate.open();
      await untilTrue('no connection at the cloud', () => rig.cloud.connections.size === 0);
      await rig.close();
    });

    test('a cloud that refuses lets the target go with FIN, not with a reset', async () => {
      const rig = await Rig.make({
        target: new Target(banner('unread bytes would make it a reset')),
        cloud: {
          answer: (socket) => void setTimeout(() => socket.end('HTTP/1.1 404 Not Found\r\n\r\n'), 50),
          ...(identity === undefined ? {} : { tls: identity.server }),
        },
        ...(identity === undefined ? {} : { ca: identity.ca }),
      });
      const { summary } = rig.start();
      const socket = await rig.target.connection();
      const read = readAll(socket);
      socket.once('end', () => socket.end());
      assert.equal((await read).error, undefined);
      assert.equal(brief(await summary), 'failed cloud-key-unknown');
      await rig.close();
    });

    test('a cloud that closes right behind the 101 fails the operation, and its code is echoed', async () => {
      const { rig, gate } = await slowCloud(identity, new Target(), closeFrame(1013, 'busy'));
      gate.open();
      const { silent, target } = await lateTarget(rig);
      const { summary } = rig.start({}, { target });
      const peer = await rig.cloud.peer();
      assert.equal(brief(await summary), 'failed cloud-protocol');
      assert.equal(peer.closed?.code, 1013);
      await silent.close();
      await rig.close();
    });

    test('cancelled while the upgrade is under way, both connections go', async () => {
      const { rig, gate } = await slowCloud(identity, new Target());
      const { id, summary } = rig.start();
      const socket = await rig.target.connection();
      socket.resume();
      socket.once('end', () => socket.end());
      await untilTrue('the upgrade request', () => gate.waiting === 1);
      rig.host.command({ kind: 'close', sessionId: id, reason: 'admin', detail: 'closed by an operator' });
      const result = await summary;
      assert.equal(brief(result), 'failed cancelled');
      await untilTrue('no connection', () => rig.cloud.connections.size + rig.target.sockets.size === 0);
      await rig.close();
    });

    test('cancelled while the target is dialled, the tunnel goes', async () => {
      const { rig, gate } = await slowCloud(identity, new Target());
      gate.open();
      const silent = await SilentPort.on('127.0.0.2');
      const { id, summary } = rig.start({}, { target: loopback(silent.port, 'plc', silent.host) });
      const peer = await rig.cloud.peer();
      peer.socket.write(frame(0x89, 'up?'));
      await untilTrue('our pong', () => peer.pongs.length === 1);
      rig.host.command({ kind: 'close', sessionId: id, reason: 'admin', detail: 'closed by an operator' });
      assert.equal(brief(await summary), 'failed cancelled');
      await silent.close();
      await untilTrue('our close frame', () => peer.closed !== undefined);
      await untilTrue('no connection', () => rig.cloud.connections.size === 0);
      await rig.close();
    });
  });
}

test('cancelled in the TLS handshake, both connections go', async () => {
  const identity = await serverIdentity();
  const silent = net.createServer((socket) => socket.resume().on('error', () => undefined));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as net.AddressInfo;
  const rig = await Rig.make({ ca: identity.ca });
  const { id, summary } = rig.start(
    {},
    { tunnel: { url: `wss://127.0.0.1:${port}/x`, endpoint: loopback(port) } },
  );
  const socket = await rig.target.connection();
  socket.resume();
  socket.once('end', () => socket.end());
  rig.host.command({ kind: 'close', sessionId: id, reason: 'admin', detail: 'test' });
  assert.equal(brief(await summary), 'failed cancelled');
  await new Promise((resolve) => silent.close(resolve));
  await rig.close();
});

test('cancelled at once, nothing is left', async () => {
  const rig = await Rig.make({});
  const { id, summary } = rig.start();
  rig.host.command({ kind: 'close', sessionId: id, reason: 'admin', detail: 'test' });
  assert.equal(brief(await summary), 'failed cancelled');
  await untilTrue('no connection', () => rig.cloud.connections.size + rig.target.sockets.size === 0);
  await rig.close();
});

test('two hundred sessions leave no handle and no timer', async () => {
  const rig = await Rig.make({});
  const one = await rig.open();
  one.socket.resume();
  one.socket.end();
  await one.summary;
  const settle = async (): Promise<string[]> => {
    await untilTrue('no connection', () => rig.cloud.connections.size + rig.target.sockets.size === 0);
    return process.getActiveResourcesInfo().filter((kind) => kind !== 'Timeout' && kind !== 'Immediate');
  };
  const base = (await settle()).sort();
  for (let round = 0; round < 10; round += 1) {
    const sessions = [];
    for (let n = 0; n < 20; n += 1)
      sessions.push(await rig.open({ idleTimeoutMs: 60_000, webSocketPingMs: 20_000 }));
    for (const [n, { id, peer, socket }] of sessions.entries()) {
      socket.resume();
      socket.once('end', () => socket.end());
      if (n % 4 === 0) socket.end('bye');
      else if (n % 4 === 1) peer.socket.write(closeFrame(1000));
      else if (n % 4 === 2) socket.resetAndDestroy();
      else rig.host.command({ kind: 'close', sessionId: id, reason: 'admin', detail: 'test' });
    }
    for (const { summary } of sessions) await summary;
  }
  assert.deepEqual((await settle()).sort(), base);
  await rig.close();
});
