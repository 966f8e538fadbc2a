import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { StatusView } from '../../src/admin/backend.js';
import type { AgentProcess } from '../helpers/agent-process.js';
import { echoes, startAgent, startTarget } from '../helpers/agent-scene.js';
import { ASKING, create, final, waiting } from '../helpers/approval-scene.js';
import { eventually } from '../helpers/eventually.js';
import * as gen from '../helpers/generations.js';
import { Trap } from '../helpers/outcome-targets.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

/** What the status says of the switch, once it is this. */
function switchIs(agent: AgentProcess, state: 'on' | 'off'): Promise<StatusView['switch']> {
  return gen.poll(async () => {
    const view = (await gen.ask<StatusView>(agent, '/api/status'))?.switch;
    return view?.state === state ? view : undefined;
  }, `a switch that is ${state}`);
}

async function metrics(agent: AgentProcess): Promise<string> {
  return (await fetch(`${agent.adminUrl}/metrics`)).text();
}

const SESSIONS = 200;

test('200 sessions end at once when the switch goes off, also those whose sides take nothing', async (t) => {
  const file = path.join(temporaryFolder(t), 'switch');
  writeFileSync(file, 'on\n');
  const limits = { sessionsPerTarget: 2 * SESSIONS };
  const agent = await startAgent(t, { sections: { switch: { file }, limits } });
  const lively = await Trap.start((socket) => socket.write('hello'));
  // These send without end and read nothing; nobody takes what they send.
  const flood = Buffer.alloc(65_536, 'x');
  const stuck = await Trap.start((socket) => {
    socket.pause();
    const more = (): void => {
      if (socket.writable) socket.write(flood, () => setImmediate(more));
    };
    more();
  });
  t.after(() => Promise.all([lively.stop(), stuck.stop()]));
  for (let index = 0; index < SESSIONS; index += 1) {
    const tunnel = await agent.open(index % 10 === 0 ? stuck : lively);
    tunnel.on('error', () => undefined);
  }
  await eventually(() => lively.open + stuck.open === SESSIONS || undefined, 'all sessions');
  await eventually(
    () => agent.operations().every(({ status }) => status === 'SUCCESSFUL') || undefined,
    'all SUCCESSFUL',
  );
  const offAtMs = performance.now();
  writeFileSync(file, 'off\n');
  await eventually(() => lively.open + stuck.open === 0 || undefined, 'all targets left');
  const tookMs = Math.round(performance.now() - offAtMs);
  t.diagnostic(`${SESSIONS} sessions closed ${tookMs} ms after the write`);
  assert.ok(tookMs < 5_000, 'not by a deadline of something else');
  const counted = `gatehouse_sessions_total{outcome="switched-off"} ${SESSIONS}`;
  await gen.poll(async () => (await metrics(agent)).includes(counted) || undefined, counted);
  // The log has ten lines a second of one message.
  const log = agent.log();
  const offAt = log.findIndex(({ msg }) => msg.startsWith('the hard switch is off'));
  const ended = log.flatMap(({ msg, reason }, index) => (msg === 'session ended' ? [{ index, reason }] : []));
  assert.ok(offAt > 0 && ended.length > 0);
  assert.ok(ended.every(({ index, reason }) => index > offAt && reason === 'switched-off'));

  const refused = await final(agent, create(agent, lively.port));
  assert.match(
    refused.failureReason ?? '',
    /^switched-off: The hard switch is off: the file \S+ \(switch\.file\) says off\. To turn it on, write the word on into/,
  );
  writeFileSync(file, '1\n');
  await switchIs(agent, 'on');
  assert.equal((await final(agent, create(agent, lively.port))).status, 'SUCCESSFUL');
});

test('whatever cannot be read as on is off, and says what is wrong', async (t) => {
  const folder = temporaryFolder(t);
  const file = path.join(folder, 'switch');
  const on = (): void => {
    chmodSync(folder, 0o700);
    rmSync(file, { recursive: true, force: true });
    writeFileSync(`${file}.new`, ' ON \n');
    renameSync(`${file}.new`, file);
  };
  on();
  const agent = await startAgent(t, { sections: { switch: { file } } });
  const target = await startTarget(t);
  const instead = (make: () => void) => (): void => {
    rmSync(file);
    make();
  };
  const cases: readonly [what: string, undo: () => void, why: RegExp][] = [
    ['deleted', () => rmSync(file), / is not there\./],
    ['empty', () => writeFileSync(file, ''), / is empty\./],
    ['garbage', () => writeFileSync(file, 'on fire'), / is neither on nor off\./],
    ['too long', () => writeFileSync(file, `on${' '.repeat(40)}`), / more than 32 bytes/],
    ['open to everybody', () => chmodSync(file, 0o666), / everybody on this machine can change .*chmod o-w /],
    ['a FIFO', instead(() => execFileSync('mkfifo', [file])), / is no regular file\./],
    ['a directory', instead(() => mkdirSync(file)), / is no regular file\./],
    [
      'in a folder of everybody',
      () => chmodSync(folder, 0o777),
      / where everybody .* may put things.*chmod o-w /,
    ],
    ['a loop of links', instead(() => symlinkSync(file, file)), / cannot be read \(ELOOP\)\./],
  ];
  for (const [what, spoil, why] of cases) {
    const tunnel = await agent.open(target);
    await echoes(tunnel, what);
    spoil();
    tunnel.resume();
    assert.deepEqual(
      await eventually(() => tunnel.ending, `the end of the session: ${what}`),
      { code: 1001, detail: 'switched-off' },
      what,
    );
    assert.match((await switchIs(agent, 'off')).reason ?? '', why, what);
    on();
    await switchIs(agent, 'on');
  }
});

test('while it is off the agent is not ready, and metric, status and log say why', async (t) => {
  const file = path.join(temporaryFolder(t), 'switch');
  const sections = { switch: { file }, conduits: ASKING };
  const agent = await startAgent(t, { sections, waitForLink: false });
  await gen.poll(async () => {
    const ready = await fetch(`${agent.adminUrl}/readyz`);
    const { message = '' } = (await ready.json()) as { message?: string };
    return (ready.status === 503 && message.startsWith('The hard switch is off')) || undefined;
  }, 'not ready because of the switch');
  assert.match(await metrics(agent), /^gatehouse_switch_on 0$/m);
  assert.match((await switchIs(agent, 'off')).reason ?? '', /is not there/);
  writeFileSync(file, 'true');
  await switchIs(agent, 'on');
  await agent.logged('the hard switch is on');
  await agent.ready();
  await gen.poll(
    async () => /^gatehouse_switch_on 1$/m.test(await metrics(agent)) || undefined,
    'the metric',
  );
  const target = await startTarget(t);
  const id = create(agent, target.port);
  await waiting(agent, 1);
  writeFileSync(file, '0');
  assert.match(
    (await final(agent, id)).failureReason ?? '',
    /^switched-off: Ended before anything was dialled: The hard/,
  );
  await waiting(agent, 0);
  assert.equal(target.connections.length, 0);
});

test('every generation obeys the switch, also one that a reload brings', async (t) => {
  const file = path.join(temporaryFolder(t), 'switch');
  writeFileSync(file, 'on');
  const agent = await startAgent(t);
  const target = await startTarget(t);
  const tunnels = [await agent.open(target)];
  agent.configure({ switch: { file } });
  await gen.reload(agent);
  tunnels.push(await agent.open(target));
  for (const tunnel of tunnels) await echoes(tunnel, 'still here');
  await gen.poll(async () => {
    return /^gatehouse_switch_on 1$/m.test(await metrics(agent)) || undefined;
  }, 'the metric of both');
  await eventually(
    () => gen.linesOf(agent, 'the hard switch is on').length >= 2 || undefined,
    'both generations to have read it',
  );
  writeFileSync(file, 'off');
  for (const tunnel of tunnels) {
    tunnel.resume();
    assert.equal((await eventually(() => tunnel.ending, 'the end')).detail, 'switched-off');
  }
});
