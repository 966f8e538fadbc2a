import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { test, type TestContext } from 'node:test';
import { ConnectCommand, connectLine, operatorEnv } from '../helpers/connect-command.js';
import { runProgram, unlessMissing, type ProgramEnd } from '../helpers/programs.js';
import { RawPort } from '../helpers/raw-client.js';
import { SeededBytes } from '../helpers/seeded-bytes.js';
import { SshServer } from '../helpers/ssh-server.js';
import { World } from '../helpers/world.js';

const FILE_BYTES = 104_857_600;

const NEEDED = unlessMissing('sshd', 'ssh', 'scp', 'ssh-keygen');

interface Plant {
  readonly world: World;
  readonly server: SshServer;
  readonly endpointId: string;
}

/** How ssh and scp reach the server: options, and the environment these need. */
interface Way {
  readonly options: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

async function start(t: TestContext): Promise<Plant> {
  const server = await SshServer.start();
  t.after(() => server.stop());
  const world = await World.start();
  t.after(() => world.stop());
  return { world, server, endpointId: world.endpoint({ port: server.port }) };
}

/** A shell command, then a file there and back with scp; all of it without a wrong byte and with clean ends. */
async function assertSshWorks(
  t: TestContext,
  { world, server }: Plant,
  { options, env }: Way,
): Promise<void> {
  const all = [...server.clientOptions(), ...options];
  const shell = succeeded(await runProgram('ssh', [...all, 'gateway', 'id -un; echo done >&2'], env));
  assert.equal(shell.stdout, `${userInfo().username}\n`);
  assert.equal(shell.stderr, 'done\n');

  const [sent, there, back] = ['sent', 'there', 'back'].map((name) => path.join(server.folder, name)) as [
    string,
    string,
    string,
  ];
  const source = new SeededBytes('scp');
  writeFileSync(sent, source.next(FILE_BYTES));
  const startedMs = performance.now();
  succeeded(await runProgram('scp', [...all, sent, `gateway:${there}`], env));
  const upMs = performance.now();
  assert.equal(await sha256(there), source.digest(), 'the file that was sent');
  succeeded(await runProgram('scp', [...all, `gateway:${there}`, back], env));
  assert.equal(await sha256(back), source.digest(), 'the file that was fetched');
  t.diagnostic(`100 MiB there in ${Math.round(upMs - startedMs)} ms`);

  await world.idle();
  assert.deepEqual(
    world.operations().map(({ status }) => status),
    ['SUCCESSFUL', 'SUCCESSFUL', 'SUCCESSFUL'],
  );
}

function succeeded(end: ProgramEnd): ProgramEnd {
  assert.equal(end.code, 0, end.stderr);
  return end;
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

function toPort(port: number): Way {
  return { options: ['-o', 'HostName=127.0.0.1', '-o', `Port=${port}`] };
}

test('ssh and scp work through gatehouse connect as their ProxyCommand', NEEDED, async (t) => {
  const plant = await start(t);
  const { world, endpointId } = plant;
  const options = ['-o', `ProxyCommand=${connectLine(world, endpointId)}`];
  await assertSshWorks(t, plant, { options, env: operatorEnv(world) });
});

test('ssh and scp work through the port of gatehouse connect', NEEDED, async (t) => {
  const plant = await start(t);
  const connect = await ConnectCommand.start(plant.world, plant.endpointId);
  t.after(() => connect.stop());
  await assertSshWorks(t, plant, toPort(connect.port));
});

test('ssh and scp work through a bare client WebSocket', NEEDED, async (t) => {
  const plant = await start(t);
  const raw = await RawPort.open(plant.world, plant.endpointId);
  t.after(() => raw.close());
  await assertSshWorks(t, plant, toPort(raw.port));
});
