import assert from 'node:assert/strict';
import { test } from 'node:test';
import { surplus } from '../../faults/rig/leaks.js';
import type { Descriptor } from '../../faults/rig/processes.js';
import { descriptors, processTree } from '../../faults/rig/processes.js';
import { parseArguments } from '../../faults/runner/arguments.js';
import { obstacle } from '../../faults/runner/machine.js';
import { summary } from '../../faults/runner/report.js';
import { PlantTarget } from '../../helpers/plant.js';

const CLOUD = new Set([443]);

function tcp(localPort: number, remotePort: number): Descriptor {
  return { pid: 1, kind: 'tcp', name: `tcp ${localPort} -> ${remotePort}`, localPort, remotePort };
}

test('a connection beyond the base line is a leak, two idle ones to the cloud are not', () => {
  const base = [tcp(1, 443)];
  assert.deepEqual(surplus(base, [...base, tcp(2, 443), tcp(3, 443)], CLOUD), []);
  assert.deepEqual(surplus(base, [...base, tcp(2, 22)], CLOUD), ['tcp 2 -> 22']);
  const many = [2, 3, 4].map((port) => tcp(port, 443));
  assert.deepEqual(
    surplus(base, [...base, ...many], CLOUD),
    many.map(({ name }) => name),
  );
});

test('connections to the own listener are not counted, files are', () => {
  const listener: Descriptor = { pid: 1, kind: 'listening', name: 'listening on 127.0.0.1:9', localPort: 9 };
  const file: Descriptor = { pid: 1, kind: 'other', name: '/var/log/x' };
  assert.deepEqual(surplus([listener], [listener, tcp(9, 50_000)], CLOUD), []);
  assert.deepEqual(surplus([listener, file], [listener, file, file], CLOUD), ['/var/log/x']);
});

test(
  'the descriptors of this process have the names of its sockets',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const target = await PlantTarget.listen();
    t.after(() => target.close());
    const found = descriptors(processTree(process.pid).slice(0, 1));
    assert.ok(found.some(({ kind, localPort }) => kind === 'listening' && localPort === target.port));
  },
);

test('arguments choose rows and repetitions; nonsense is refused', () => {
  const { only, repeat, jobs, fast } = parseArguments(['--only', 'd07, E', '--repeat', '20', '--fast']);
  assert.deepEqual([only, repeat, jobs, fast], [['D07', 'E'], 20, 2, true]);
  assert.throws(() => parseArguments(['--repeat', '0']), /whole number/);
  assert.throws(() => parseArguments(['--quick']));
});

test('what a machine lacks is named with its package', () => {
  const bare = { hasNamespaces: true, programs: new Set(['ip']) };
  assert.equal(obstacle(bare, []), undefined);
  assert.equal(obstacle(bare, ['root', 'ip']), undefined);
  assert.equal(obstacle(bare, ['ip', 'nft']), 'needs nft (Debian package nftables)');
  assert.equal(obstacle({ ...bare, hasNamespaces: false }, ['ip']), 'needs root and network namespaces');
});

test('the summary counts by family and gives the reason for each that did not survive', () => {
  const rest = { runs: 1, ms: 1, figures: {} };
  const text = summary(
    [
      { id: 'A01', outcome: 'survived', ...rest },
      { id: 'A02', outcome: 'not-run', reason: 'needs nft', ...rest },
      { id: 'B01', outcome: 'leaked', reason: 'one socket', ...rest },
    ],
    3,
  );
  assert.match(text, /A control connection, REST +2 +1 +0 +0 +1/);
  assert.match(text, /A02 {2}not run: needs nft\nB01 {2}LEAKED: one socket/);
  assert.match(text, /survived 1 of 3\n$/);
});
