import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { Config } from '../../../src/config/config.js';
import { difference } from '../../../src/config/difference.js';
import { loadConfig } from '../../../src/config/load.js';

const BASE = `cloud: { url: "https://acme.example.com", user: u, password: canary-secret-1 }
device: { externalId: gw-7, children: [{ externalId: plc-1, name: PLC, targets: [hmis] }, { externalId: plc-2 }] }
limits: { timeZone: UTC, sessions: 100 }
state: { directory: "off" }
conduits:
  - { name: hmis, host: 10.0.5.0/24, ports: [5900, 8080-8089] }
  - { name: plcs, host: 10.0.6.7, ports: [102], maxSessions: 2, window: "Mon-Fri 06:00-18:00" }
`;

function load(yaml: string): Config {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-difference-'));
  try {
    writeFileSync(path.join(folder, 'gatehouse.yaml'), yaml, { mode: 0o600 });
    return loadConfig({ file: 'gatehouse.yaml', env: {}, cwd: folder }).config;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `key: from -> to @at` of what changes when the text is replaced. */
function changed(...replacements: readonly (readonly [from: string, to: string])[]): string[] {
  const fresh = replacements.reduce((yaml, [from, to]) => {
    assert.ok(yaml.includes(from), from);
    return yaml.replace(from, to);
  }, BASE);
  return difference(load(BASE), load(fresh)).map(
    ({ key, from, to, at }) => `${key}: ${from} -> ${to}${at === undefined ? '' : ` @${at}`}`,
  );
}

test('nothing changes when conduits only move in the file', () => {
  assert.deepEqual(changed(['conduits:\n', 'conduits:\n\n  # moved\n']), []);
});

test('every changed key is told with what it was before, secrets masked', () => {
  const changes = changed(
    ['sessions: 100', 'sessions: 200, idleTimeout: 5m'],
    ['canary-secret-1', 'canary-secret-2'],
  );
  assert.deepEqual(changes, [
    'cloud.password: [secret] -> [secret] (another one)',
    'limits.sessions: 100 -> 200',
    'limits.idleTimeout: 0 -> 5m',
  ]);
});

test('conduits are told by name with their place: added, removed, and each key that changed', () => {
  const changes = changed(
    ['ports: [5900, 8080-8089]', 'ports: [5900], exclusive: true, idleTimeout: 15m'],
    [
      '  - { name: plcs, host: 10.0.6.7, ports: [102], maxSessions: 2, window: "Mon-Fri 06:00-18:00" }',
      '  - { name: robots, host: 10.0.7.0/24, ports: ["*"], window: [daily 22:00-04:00], timeZone: Europe/Berlin }',
    ],
  );
  assert.deepEqual(changes, [
    'conduits[hmis].ports: 5900,8080-8089 -> 5900 @gatehouse.yaml:6',
    'conduits[hmis].idleTimeout: (none) -> 15m @gatehouse.yaml:6',
    'conduits[hmis].exclusive: (none) -> true @gatehouse.yaml:6',
    'conduits[robots]: (none) -> 10.0.7.0/24:*, window daily 22:00-04:00, timeZone Europe/Berlin @gatehouse.yaml:7',
    'conduits[plcs]: 10.0.6.7:102, maxSessions 2, window Mon-Fri 06:00-18:00, timeZone UTC -> (none) @gatehouse.yaml:7',
  ]);
});

test('another window or time zone is told, however the days were spelt', () => {
  assert.deepEqual(changed(['Mon-Fri 06:00-18:00', 'mon,tue,wed,thu,fri 6:00 - 18:00']), []);
  assert.deepEqual(
    changed(['Mon-Fri 06:00-18:00', 'Mon-Sat 06:00-12:00'], ['timeZone: UTC', 'timeZone: Asia/Tokyo']),
    [
      'limits.timeZone: UTC -> Asia/Tokyo',
      'conduits[plcs].window: Mon-Fri 06:00-18:00 -> Mon-Sat 06:00-12:00 @gatehouse.yaml:7',
      'conduits[plcs].timeZone: UTC -> Asia/Tokyo @gatehouse.yaml:7',
    ],
  );
});

test('children are told by their external id, with their targets', () => {
  const changes = changed(
    ['targets: [hmis]', 'targets: [hmis, plcs]'],
    ['{ externalId: plc-2 }', '{ externalId: plc-3, name: Filler }'],
  );
  assert.deepEqual(changes, [
    'device.children[plc-1].targets: [hmis] -> [hmis, plcs]',
    'device.children[plc-3]: (none) -> Filler',
    'device.children[plc-2]: plc-2 -> (none)',
  ]);
});
