import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import type { Operation } from '../../simulator/store/operations.js';
import type { Tunnel } from '../../src/cli/connect/tunnel.js';
import { explainTarget } from '../../src/cli/explain.js';
import { processIo } from '../../src/cli/process-io.js';
import { AgentProcess, type AgentProcessOptions } from '../helpers/agent-process.js';
import { eventually } from '../helpers/eventually.js';
import { PlantTarget } from '../helpers/plant.js';

async function startAgent(t: TestContext, options: AgentProcessOptions): Promise<AgentProcess> {
  const agent = await AgentProcess.start(options);
  t.after(() => agent.stop());
  return agent;
}

async function startTarget(t: TestContext, host = '127.0.0.1'): Promise<PlantTarget> {
  const target = await PlantTarget.listen(undefined, { host });
  t.after(() => target.close());
  return target;
}

interface Target {
  readonly hostname?: string;
  readonly port: number;
}

interface Outcome extends Pick<Operation, 'status' | 'failureReason'> {
  readonly tunnel: Tunnel;
}

/** Connects as the operator and gives the operation's final status. */
async function attempt(agent: AgentProcess, target: Target, deviceId?: string): Promise<Outcome> {
  const before = agent.operations().length;
  const tunnel = await agent.open(target, deviceId);
  tunnel.on('error', () => undefined).resume();
  await eventually(() => agent.operations()[before], 'the operation');
  const { status, failureReason } = await agent.finalOperation(before);
  return { status, failureReason, tunnel };
}

async function reaches(agent: AgentProcess, target: Target, deviceId?: string): Promise<Tunnel> {
  const { status, failureReason, tunnel } = await attempt(agent, target, deviceId);
  assert.equal(status, 'SUCCESSFUL', failureReason);
  const answer = once(tunnel, 'data');
  tunnel.write('x');
  await answer;
  return tunnel;
}

async function isRefused(
  agent: AgentProcess,
  target: Target,
  reason: RegExp,
  deviceId?: string,
): Promise<void> {
  const { status, failureReason } = await attempt(agent, target, deviceId);
  assert.equal(status, 'FAILED');
  assert.match(failureReason ?? '', reason);
}

/** What `gatehouse explain --json` says of a target, with its exit code. */
async function explained(agent: AgentProcess, target: string, device?: string) {
  let text = '';
  const stdout = { write: (chunk: string) => (text += chunk) };
  const env = { GATEHOUSE_ADMIN_LISTEN: new URL(agent.adminUrl).host };
  const io = { ...processIo(), stdout: stdout as unknown as NodeJS.WriteStream, env, cwd: agent.folder };
  const exitCode = await explainTarget({ target, file: undefined, device, json: true }, io);
  const { kind, code, sentence, conduit } = JSON.parse(text) as {
    kind: 'allow' | 'deny';
    code?: string;
    sentence?: string;
    conduit?: { name: string; source: { file: string; line: number } };
  };
  return { exitCode, kind, reason: code === undefined ? undefined : `${code}: ${sentence ?? ''}`, conduit };
}

test('what no conduit names is refused, and not one connection reaches it', async (t) => {
  const [allowed, unnamed, wrongPort] = [await startTarget(t), await startTarget(t), await startTarget(t)];
  const agent = await startAgent(t, {
    sections: {
      conduits: [
        { name: 'allowed', host: '127.0.0.1', ports: [allowed.port] },
        { name: 'elsewhere', host: '127.0.0.2', ports: ['*'] },
      ],
    },
  });
  await isRefused(agent, unnamed, /^policy-denied: .*127\.0\.0\.1/);
  await isRefused(agent, wrongPort, new RegExp(`^policy-denied: .*${wrongPort.port}.*allowed`));
  await isRefused(agent, { hostname: '10.1.2.3', port: allowed.port }, /^policy-denied: /);
  await reaches(agent, allowed);
  assert.deepEqual(
    [unnamed.connections.length, wrongPort.connections.length, allowed.connections.length],
    [0, 0, 1],
  );
});

test('without any conduit nothing can be reached', async (t) => {
  const trap = await startTarget(t);
  const agent = await startAgent(t, { sections: { conduits: [] } });
  await agent.logged('no conduit is configured: every operation will be refused');
  await isRefused(agent, trap, /^policy-denied: /);
  await isRefused(agent, { hostname: '192.0.2.1', port: 9 }, /^policy-denied: .*no conduit at all/);
  assert.equal(trap.connections.length, 0);
});

test('an operation on a child reaches the targets of that child only; on the gateway itself, all of them', async (t) => {
  const [own, other] = [await startTarget(t), await startTarget(t)];
  let childId = '';
  let freeId = '';
  const agent = await startAgent(t, {
    before: (cloud, device) => {
      childId = cloud.addChild(device.id, 'plc-1').id;
      freeId = cloud.addChild(device.id, 'plc-2').id;
    },
    sections: {
      device: {
        externalId: 'gw-7',
        children: [
          { externalId: 'plc-1', name: 'PLC 1', targets: ['own'] },
          { externalId: 'plc-2', name: 'PLC 2' },
        ],
      },
      conduits: [
        { name: 'own', host: '127.0.0.1', ports: [own.port] },
        { name: 'other', host: '127.0.0.1', ports: [other.port] },
      ],
    },
  });
  await isRefused(agent, other, /^policy-denied: .*PLC 1|^policy-denied: .*plc-1/, childId);
  assert.equal(other.connections.length, 0);
  await reaches(agent, own, childId);
  await reaches(agent, other, freeId);
  await reaches(agent, other);
  const asked = await explained(agent, `127.0.0.1:${other.port}`, 'plc-1');
  assert.deepEqual([asked.exitCode, asked.kind], [1, 'deny']);
  assert.equal((await explained(agent, `127.0.0.1:${own.port}`, 'plc-1')).kind, 'allow');
});

/** Two devices on one port, at 127.0.0.1 and at ::1; a port taken at either is passed over. */
async function startPair(t: TestContext): Promise<readonly [four: PlantTarget, six: PlantTarget]> {
  for (let tries = 0; tries < 20; tries++) {
    const six = await startTarget(t, '::1');
    const four = await PlantTarget.listen(undefined, { host: '127.0.0.1', port: six.port }).catch(
      () => undefined,
    );
    if (four === undefined) continue;
    t.after(() => four.close());
    return [four, six];
  }
  throw new Error('no port is free at both addresses');
}

test('a name with several addresses reaches those that its conduit covers, and no other', async (t) => {
  const probe = await PlantTarget.listen(undefined, { host: '::1' }).catch(() => undefined);
  if (probe === undefined) return t.skip('no IPv6 on this machine');
  probe.close();
  const [four, six] = await startPair(t);
  const target = { hostname: 'localhost', port: six.port };
  const withConduit = (host: string) =>
    startAgent(t, { sections: { conduits: [{ name: 'one', host, ports: [target.port] }] } });
  const counts = () => [four.connections.length, six.connections.length];
  await reaches(await withConduit('::1'), target);
  assert.deepEqual(counts(), [0, 1]);
  await reaches(await withConduit('127.0.0.1'), target);
  assert.deepEqual(counts(), [1, 1]);
  // The name itself covers both, and IPv4 is tried first.
  const named = await withConduit('localhost');
  await reaches(named, target);
  assert.deepEqual(counts(), [2, 1]);
});

test('explain says what the enforcement does, with the same reason and the same line', async (t) => {
  const [plc, trap] = [await startTarget(t), await startTarget(t)];
  const agent = await startAgent(t, {
    sections: {
      conduits: [
        { name: 'everything', host: '0.0.0.0/0', ports: ['*'] },
        { name: 'everything6', host: '::/0', ports: ['*'] },
        { name: 'plc', host: '127.0.0.1', ports: [plc.port] },
        { name: 'admin', host: '127.0.0.1', ports: [8] },
      ],
      limits: { connectTimeout: '1s' },
    },
  });
  const adminPort = Number(new URL(agent.adminUrl).port);
  const targets: readonly (readonly [hostname: string, port: number, 'allow' | 'deny', RegExp])[] = [
    ['127.0.0.1', plc.port, 'allow', /^plc$/],
    ['127.0.0.1', 8, 'allow', /^admin$/],
    ['127.0.0.1', trap.port, 'deny', /^policy-denied: .*loopback/],
    ['127.0.0.2', plc.port, 'deny', /^policy-denied: .*loopback/],
    ['localhost', trap.port, 'deny', /^policy-denied: .*loopback/],
    ['::1', plc.port, 'deny', /^policy-denied: .*loopback/],
    ['::ffff:127.0.0.1', trap.port, 'deny', /^policy-denied: /],
    ['0.0.0.0', plc.port, 'deny', /^policy-denied: .*unspecified/],
    ['::', plc.port, 'deny', /^policy-denied: .*unspecified/],
    ['169.254.169.254', 80, 'deny', /^policy-denied: .*never/],
    ['fe80::1', 80, 'deny', /^policy-denied: .*never/],
    ['224.0.0.1', 80, 'deny', /^policy-denied: .*multicast/],
    ['255.255.255.255', 80, 'deny', /^policy-denied: .*broadcast/],
    ['64:ff9b::7f00:1', plc.port, 'deny', /^policy-denied: .*127\.0\.0\.1/],
    ['127.0.0.1', adminPort, 'deny', /^policy-denied: .*admin listener/],
    ['localhost', adminPort, 'deny', /^policy-denied: /],
  ];
  for (const [hostname, port, kind, expected] of targets) {
    const target = hostname.includes(':') ? `[${hostname}]:${port}` : `${hostname}:${port}`;
    const said = await explained(agent, target);
    assert.deepEqual(
      { kind: said.kind, exitCode: said.exitCode },
      { kind, exitCode: kind === 'allow' ? 0 : 1 },
      target,
    );
    const { status, failureReason } = await attempt(agent, { hostname, port });
    if (kind === 'deny') {
      assert.deepEqual({ status, failureReason }, { status: 'FAILED', failureReason: said.reason });
      assert.match(failureReason ?? '', expected, target);
      continue;
    }
    // Allowed: whatever becomes of the dial, the policy did not refuse, and the same conduit was named.
    assert.doesNotMatch(failureReason ?? '', /^policy-denied/, target);
    const { conduit } = await agent.logged('session connecting', {
      operationId: agent.operations().at(-1)?.id,
    });
    assert.equal(conduit, said.conduit?.name);
    assert.match(said.conduit?.name ?? '', expected, target);
  }
  assert.equal(trap.connections.length, 0);
});

test('explain and the refusal name the file and the line of the conduit', async (t) => {
  const target = await startTarget(t);
  const agent = await startAgent(t, {
    sections: { conduits: [{ name: 'hmi', host: '127.0.0.1', ports: [9] }] },
  });
  const said = await explained(agent, `127.0.0.1:${target.port}`);
  const { file, line } = said.conduit?.source ?? assert.fail('no conduit named');
  assert.equal(file, 'gatehouse.yaml');
  const { failureReason } = await attempt(agent, target);
  assert.equal(failureReason, said.reason);
  assert.ok(failureReason?.includes(`:${line}`), failureReason);
});

const LIMITS = [
  { what: 'limits.sessions', limits: { sessions: 2 }, maxSessions: undefined },
  { what: 'limits.sessionsPerTarget', limits: { sessionsPerTarget: 2 }, maxSessions: undefined },
  { what: 'maxSessions', limits: {}, maxSessions: 2 },
];
for (const { what, limits, maxSessions } of LIMITS) {
  test(`one session more than ${what} is refused by that name, and has its place once another ends`, async (t) => {
    const target = await startTarget(t);
    const agent = await startAgent(t, {
      sections: {
        limits,
        conduits: [
          { name: 'plc', host: '127.0.0.1', ports: [target.port], ...(maxSessions && { maxSessions }) },
        ],
      },
    });
    const [first, second] = [await reaches(agent, target), await reaches(agent, target)];
    await isRefused(agent, target, new RegExp(`^limit-reached: .*2 .*\\(${what.replace('.', '\\.')}\\)`));
    assert.equal(target.connections.length, 2);
    await first.close();
    await agent.logged('session ended');
    await reaches(agent, target);
    second.write('x');
    await once(second, 'data');
    await isRefused(agent, target, /^limit-reached: /);
  });
}

test('a burst of operations never exceeds a limit', async (t) => {
  const target = await startTarget(t);
  const agent = await startAgent(t, { sections: { limits: { sessions: 5 } } });
  const id = agent.endpoint(target);
  const tunnels = await Promise.all(
    Array.from({ length: 20 }, () => agent.operator.openTunnel(agent.device.id, id)),
  );
  for (const tunnel of tunnels) tunnel.on('error', () => undefined).resume();
  const final = await Promise.all(Array.from({ length: 20 }, (_, index) => agent.finalOperation(index)));
  assert.equal(final.filter(({ status }) => status === 'SUCCESSFUL').length, 5);
  assert.equal(final.filter(({ failureReason }) => failureReason?.startsWith('limit-reached: ')).length, 15);
  assert.equal(target.connections.length, 5);
});
