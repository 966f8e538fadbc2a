import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import path from 'node:path';
import type { CommandEnd } from '../../../helpers/command.js';
import { Agent, type LaunchOptions } from '../../rig/agent.js';
import { assertOneFinalStatusEach } from './scene.js';
import type { Stand } from '../../rig/stand.js';
import type { Rig } from '../../rig.js';

/** A start that has to fail: what it printed, all of it, and its exit code. */
async function failedStart(
  stand: Stand,
  options: LaunchOptions = {},
): Promise<CommandEnd & { text: string }> {
  const end = await Agent.spawn(stand.folder, options).ended();
  assert.notEqual(end.code, 0, 'it has started');
  assert.deepEqual(stand.cloud.requests.list(), [], 'the cloud saw a request');
  return { ...end, text: end.stdout + end.stderr };
}

/** H16: bufferutil is not to be had; frames are masked without it. */
export async function noAddon(rig: Rig): Promise<void> {
  const preload = path.join(rig.folder, 'no-addon.cjs');
  writeFileSync(
    preload,
    `const Module = require('node:module');
     const load = Module._load;
     Module._load = function (name, ...more) {
       if (name === 'bufferutil') throw new Error('no native code here');
       return load.call(this, name, ...more);
     };`,
  );
  const stand = await rig.start({ env: { NODE_OPTIONS: `--require ${preload}` } });
  const plant = await rig.target();
  await stand.expectEcho(plant);
  assert.equal(await stand.agent.metric('gatehouse_bufferutil'), 0);
  await assertOneFinalStatusEach(stand);
  await stand.end();
}

/** H18: the port is another's; the socket is another's; the place of the socket is something else. A stale one goes. */
export async function adminAddressTaken(rig: Rig): Promise<void> {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  rig.atEnd(() => other.close());
  const { port } = other.address() as AddressInfo;
  const stand = await rig.start({ launch: false, sections: { admin: { listen: `127.0.0.1:${port}` } } });
  const taken = await failedStart(stand);
  assert.equal(taken.code, 1);
  assert.match(taken.text, new RegExp(`EADDRINUSE.*127\\.0\\.0\\.1:${port}`));

  const socket = path.join(rig.folder, 'admin.sock');
  const holder = createServer().listen(socket);
  await once(holder, 'listening');
  stand.configure({ admin: { listen: `unix:${socket}` } });
  assert.match((await failedStart(stand)).text, /another process listens on/);
  holder.close();
  await once(holder, 'close');

  writeFileSync(socket, 'not a socket');
  assert.match((await failedStart(stand)).text, /exists and is not a socket; choose another admin\.listen/);

  const folder = path.join(rig.folder, 'everybody');
  mkdirSync(folder);
  chmodSync(folder, 0o777);
  stand.configure({ admin: { listen: `unix:${path.join(folder, 'admin.sock')}` } });
  assert.match((await failedStart(stand)).text, /everybody can replace files in .*chmod o-w/);
  await stand.end();
}

/** H19: the first line that runs asks for the version; here one is pretended. */
export async function oldNode(rig: Rig): Promise<void> {
  const preload = path.join(rig.folder, 'old.cjs');
  writeFileSync(
    preload,
    "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.4' } });",
  );
  const stand = await rig.start({ launch: false });
  const { code, text } = await failedStart(stand, { env: { NODE_OPTIONS: `--require ${preload}` } });
  assert.equal(code, 78);
  assert.match(text, /Node\.js 20\.19 or newer is needed, and this is 18\.20\.4/);
  await stand.end();
}

/** H20: a CA file that cannot be read or is none, and secrets that everybody may read. */
export async function badFiles(rig: Rig): Promise<void> {
  const stand = await rig.start({ launch: false });
  const file = path.join(stand.folder, 'gatehouse.yaml');
  chmodSync(file, 0o644);
  const open = await failedStart(stand);
  assert.equal(open.code, 78);
  assert.match(open.text, /chmod/);
  assert.equal(open.text.includes(stand.device.password), false, 'the message has the password');
  chmodSync(file, 0o600);

  const caFile = path.join(rig.folder, 'roots.pem');
  stand.configure({ cloud: { caFile } });
  const missing = await failedStart(stand);
  assert.equal(missing.code, 78);
  assert.match(missing.text, /cloud\.caFile.*roots\.pem/s);

  writeFileSync(caFile, 'this is no certificate');
  const nonsense = await failedStart(stand);
  assert.equal(nonsense.code, 78);
  assert.match(nonsense.text, /cloud\.caFile/);
  await stand.end();
}
