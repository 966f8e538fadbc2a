import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startAgent, startTarget } from '../helpers/agent-scene.js';
import type { AgentProcess } from '../helpers/agent-process.js';
import { closedPort } from '../helpers/closed-port.js';
import { Command } from '../helpers/command.js';
import { unlessMissing } from '../helpers/programs.js';
import { Tmux } from '../helpers/tmux.js';

/* `gatehouse sessions --watch` as somebody at the gateway uses it, in a real terminal. */

function watching(
  agent: AgentProcess,
  more: Readonly<Record<string, string>> = {},
): { cwd: string; env: Record<string, string> } {
  return { cwd: agent.folder, env: { GATEHOUSE_ADMIN_LISTEN: new URL(agent.adminUrl).host, ...more } };
}

async function openSessions(
  t: Parameters<typeof startTarget>[0],
  agent: AgentProcess,
  count: number,
): Promise<number[]> {
  const ports: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const { port } = await startTarget(t, (socket) => void socket.on('error', () => undefined).resume());
    const tunnel = await agent.open({ port });
    tunnel.on('error', () => undefined);
    ports.push(port);
  }
  return ports;
}

test('sessions are found, ordered, and one is ended after one question', unlessMissing('tmux'), async (t) => {
  const agent = await startAgent(t);
  const ports = await openSessions(t, agent, 3);
  const tmux = Tmux.start(t, ['sessions', '--watch'], watching(agent));
  for (const port of ports) await tmux.shows(new RegExp(`127\\.0\\.0\\.1:${port} +open`));
  const screen = await tmux.shows(/Gatehouse {2}3 sessions/);
  assert.match(screen, /^ +ID +CONDUIT +TARGET +STATE +AGE v +UP\/s +DOWN\/s$/m);

  tmux.press('t');
  await tmux.shows(/TARGET v/);
  tmux.press('r');
  await tmux.shows(/TARGET \^/);
  tmux.press('/', String(ports[1]));
  await tmux.shows(/3 sessions, 1 shown/);
  tmux.press('Enter', 'x');
  await tmux.shows(new RegExp(`End \\w+ to 127\\.0\\.0\\.1:${ports[1]} \\(loopback\\)\\? Press y\\.`));
  tmux.press('n');
  await tmux.shows(/Escape shows all/);
  assert.equal((await agent.status()).totals.sessionsActive, 3, 'any other key keeps it');
  tmux.press('x', 'y');
  await tmux.shows(/Session \w+ has ended\./);
  await tmux.shows(/No session matches the search\./);
  tmux.press('Escape');
  const rest = await tmux.shows(/Gatehouse {2}2 sessions/);
  assert.ok(!rest.includes(`:${ports[1]}`));

  tmux.press('q');
  assert.equal(await tmux.shows(/ended \d/), 'ended 0', 'the terminal is as it was before');
});

test('the table fits whatever the size of the window becomes', unlessMissing('tmux'), async (t) => {
  const agent = await startAgent(t);
  await openSessions(t, agent, 8);
  const tmux = Tmux.start(t, ['sessions', '--watch'], watching(agent));
  await tmux.shows(/8 sessions[^]*\n1\/8 {2}q quit/);
  tmux.save('sessions-watch-80x24');
  tmux.resize(140, 40);
  const wide = await tmux.shows(/UP +DOWN +DEVICE +OPERATION +WORKER$/m);
  assert.equal(wide.split('\n').length, 40);
  tmux.save('sessions-watch-140x40');
  tmux.resize(60, 9);
  tmux.press('End');
  const small = await tmux.shows(/^Gatehouse [^]*^> \w+ [^]*^8\/8 {2}q quit/m);
  assert.equal(small.split('\n').length, 9);
  assert.ok(small.split('\n').every((line) => line.length <= 60));
  tmux.press('C-c');
  assert.equal(await tmux.shows(/ended \d/), 'ended 0');
});

test('colours are left out with NO_COLOR', unlessMissing('tmux'), async (t) => {
  const agent = await startAgent(t);
  await openSessions(t, agent, 1);
  const colours = async (env: Record<string, string>): Promise<boolean> => {
    const tmux = Tmux.start(t, ['sessions', '--watch'], watching(agent, env));
    await tmux.shows(/1 session .*[^]*open/);
    // eslint-disable-next-line no-control-regex -- this is what is looked for
    return /\u001b\[[0-9;]*[1-9]/.test(tmux.coloured());
  };
  assert.deepEqual([await colours({}), await colours({ NO_COLOR: '1' })], [true, false]);
});

test('a restart of the agent is waited for, and said', unlessMissing('tmux'), async (t) => {
  const listen = `127.0.0.1:${await closedPort()}`;
  const sections = { admin: { listen } };
  const first = await startAgent(t, { sections });
  await openSessions(t, first, 1);
  const tmux = Tmux.start(t, ['sessions', '--watch', '--interval', '0.2'], watching(first));
  await tmux.shows(/1 session .*[^]*open/);
  first.command.killAll('SIGKILL');
  await first.command.ended();
  await tmux.shows(/The agent has not answered for .*trying again[^]*127\.0\.0\.1:\d+ +open/);
  const next = new Command(['run'], { cwd: first.folder });
  t.after(() => next.discard());
  await tmux.shows(/The agent answers again\.[^]*No sessions\./);
});

test('in a pipe the table comes again and again, over a restart of the agent, until it is stopped', async (t) => {
  const listen = `127.0.0.1:${await closedPort()}`;
  const agent = await startAgent(t, { sections: { admin: { listen } } });
  const [port] = await openSessions(t, agent, 1);
  const watch = new Command(['sessions', '--watch', '--interval', '0.2'], { cwd: agent.folder });
  t.after(() => watch.discard());
  await watch.printed(
    new RegExp(`Z {2}1 session {2}cloud connected\\nID .*\\n.*:${port} +open[^]*Z {2}1 session`),
  );
  agent.command.killAll('SIGKILL');
  await agent.command.ended();
  const next = new Command(['run'], { cwd: agent.folder });
  t.after(() => next.discard());
  await watch.printed(/Z {2}0 sessions/);
  watch.kill('SIGINT');
  const { code, stdout, stderr } = await watch.ended();
  assert.equal(code, 0);
  assert.match(stderr, /^No agent at .* Trying again\.\nThe agent answers again\.\n/);
  // eslint-disable-next-line no-control-regex -- nothing that a terminal would obey
  assert.doesNotMatch(stdout, /\u001b/);
});

test('with --json each reading is a line', async (t) => {
  const agent = await startAgent(t);
  const watch = new Command(['sessions', '--watch', '--json', '--interval', '0.2'], watching(agent));
  t.after(() => watch.discard());
  const [line = ''] = await watch.printed(/^\{.*\}$/m);
  const { at, sessions } = JSON.parse(line) as { at: string; sessions: unknown[] };
  assert.deepEqual([Number.isNaN(Date.parse(at)), sessions], [false, []]);
});

test('without an agent it ends at once and says so, and a wrong interval is wrong usage', async (t) => {
  const agent = await startAgent(t);
  const env = { GATEHOUSE_ADMIN_LISTEN: `127.0.0.1:${await closedPort()}` };
  const watch = await new Command(['sessions', '--watch'], { cwd: agent.folder, env }).ended();
  assert.equal(watch.code, 69);
  assert.match(watch.stderr, /^No agent at /);
  assert.equal((await agent.ask('sessions', '--watch', '--interval', 'soon')).code, 64);
});
