import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

/**
 * Direct dependencies at run time, at most: each is somebody else's code with the credentials in reach. Two of them only
 * serve the embedded cloud, and two are native code that is optional.
 */
const MAX_DIRECT = 15;

/** Licences that go with Apache-2.0 without a further thought. */
const LICENCES = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'Unlicense'];

/** The oldest `ws` without a known hole. */
const OLDEST_WS = [8, 21, 0];

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

interface LockEntry {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

function json(file: string): unknown {
  return JSON.parse(readFileSync(path.join(ROOT, file), 'utf8'));
}

const manifest = json('package.json') as Manifest;
const lock = json('package-lock.json') as {
  readonly packages: Readonly<Record<string, LockEntry & Partial<Manifest>>>;
};
const packages = Object.entries(lock.packages).filter(([place]) => place !== '');
const atRunTime = packages.filter(([, { dev }]) => dev !== true);
const direct = { ...manifest.dependencies, ...manifest.optionalDependencies };

describe('the lock file', () => {
  test('pins every package to a content, from the registry and nowhere else', () => {
    assert.ok(packages.length > 100);
    for (const [place, { integrity, resolved, link }] of packages) {
      assert.match(integrity ?? '', /^sha512-[\w+/]{86}==$/, place);
      assert.notEqual(link, true, place);
      if (resolved !== undefined) assert.match(resolved, /^https:\/\/registry\.npmjs\.org\//, place);
    }
  });

  test('is the one of package.json, which names exact versions', () => {
    const { dependencies, devDependencies } = lock.packages[''] ?? {};
    assert.deepEqual(dependencies, manifest.dependencies);
    assert.deepEqual(devDependencies, manifest.devDependencies);
    for (const [name, version] of Object.entries({ ...direct, ...manifest.devDependencies })) {
      assert.match(version, /^\d+\.\d+\.\d+$/, name);
      assert.equal(lock.packages[`node_modules/${name}`]?.version, version, name);
    }
  });
});

describe('what the agent runs with', () => {
  test(`has at most ${MAX_DIRECT} direct dependencies`, () => {
    assert.ok(Object.keys(direct).length <= MAX_DIRECT, Object.keys(direct).join(' '));
  });

  test('has licences that go with ours', () => {
    for (const [place, { license = 'none' }] of atRunTime)
      assert.ok(LICENCES.includes(license), `${place}: ${license}`);
  });

  test('has a ws without a known hole', () => {
    for (const [place, { version = '' }] of atRunTime.filter(([name]) => name.endsWith('node_modules/ws'))) {
      const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
      const [oldestMajor = 0, oldestMinor = 0, oldestPatch = 0] = OLDEST_WS;
      const isNew =
        major > oldestMajor ||
        (major === oldestMajor && (minor > oldestMinor || (minor === oldestMinor && patch >= oldestPatch)));
      assert.ok(isNew, `${place} ${version}`);
    }
  });

  test('needs no install script', () => {
    assert.match(readFileSync(path.join(ROOT, '.npmrc'), 'utf8'), /^ignore-scripts=true$/m);
  });
});

test('the list of components (SBOM, CycloneDX) can be made and names every direct dependency', () => {
  const flags = ['--sbom-format', 'cyclonedx', '--omit', 'dev', '--package-lock-only'];
  const text = execFileSync('npm', ['sbom', ...flags], { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' });
  const bom = JSON.parse(text) as {
    readonly bomFormat: string;
    readonly metadata: { readonly component: { readonly 'bom-ref': string } };
    readonly components: readonly {
      readonly 'bom-ref': string;
      readonly purl: string;
      readonly hashes?: readonly object[];
    }[];
    readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
  };
  assert.equal(bom.bomFormat, 'CycloneDX');
  const self = `${manifest.name}@${manifest.version}`;
  assert.equal(bom.metadata.component['bom-ref'], self);
  const own = bom.dependencies.find(({ ref }) => ref === self)?.dependsOn ?? [];
  const expected = Object.entries(direct).map(([name, version]) => `${name}@${version}`);
  assert.deepEqual([...own].sort(), expected.sort());
  // Optional parts of optional parts are left out; nothing is there that is not pinned.
  const pinned = new Set(atRunTime.map(([place, { version = '' }]) => `${nameOf(place)}@${version}`));
  assert.ok(bom.components.length >= expected.length);
  for (const component of bom.components) assert.ok(pinned.has(component['bom-ref']), component['bom-ref']);
  for (const { purl, hashes } of bom.components) {
    assert.match(purl, /^pkg:npm\//);
    assert.equal(hashes?.length, 1, purl);
  }
});

function nameOf(place: string): string {
  return place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
}
