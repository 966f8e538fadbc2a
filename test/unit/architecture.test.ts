import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** The sources, seen from dist/test/unit. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

interface Rule {
  /** The longest matching prefix decides for a file. */
  readonly place: string;
  /** Prefixes of our own files that it may import as code. */
  readonly may: readonly string[];
  /** Prefixes that it may import with `import type` only. */
  readonly mayTypes?: readonly string[];
  /** Packages and node: modules that it must not import. */
  readonly never?: readonly string[];
}

const RULES: readonly Rule[] = [
  {
    place: 'contract/',
    may: ['contract/'],
    never: ['node:net', 'node:tls', 'node:http', 'node:timers', 'node:timers/promises', 'pino'],
  },
  { place: 'workers/relay/', may: ['workers/relay/', 'contract/'], never: ['piscina', 'pino'] },
  { place: 'workers/dial/', may: ['workers/dial/', 'contract/'], never: ['piscina', 'pino'] },
  { place: 'workers/', may: ['workers/', 'contract/'], never: ['piscina', 'pino'] },
  {
    place: 'src/policy/',
    may: ['src/policy/', 'contract/'],
    mayTypes: ['src/config/'],
    never: ['node:net', 'pino', 'piscina'],
  },
  { place: 'src/config/', may: ['src/config/', 'contract/'], never: ['piscina'] },
  {
    place: 'src/cloud/',
    may: ['src/cloud/', 'contract/', 'src/log/'],
    mayTypes: ['src/config/'],
    never: ['piscina'],
  },
  {
    place: 'src/supervisor/',
    may: ['src/supervisor/', 'src/policy/', 'contract/', 'src/log/'],
    mayTypes: ['src/config/', 'src/cloud/'],
  },
  {
    place: 'src/admin/',
    may: ['src/admin/', 'contract/', 'src/log/'],
    mayTypes: ['src/supervisor/', 'src/config/'],
    never: ['piscina'],
  },
  {
    // No network of its own, no threads, little code: it has to outlive everything that can go wrong below it.
    place: 'src/generations/parent/',
    may: ['src/generations/parent/', 'src/generations/messages', 'src/exit-codes', 'contract/'],
    never: [
      'node:net',
      'node:tls',
      'node:http',
      'node:worker_threads',
      'pino',
      'undici',
      'mqtt',
      'zod',
      'yaml',
      'piscina',
      'prom-client',
      'commander',
    ],
  },
  {
    place: 'src/generations/messages',
    may: ['contract/'],
    mayTypes: ['src/supervisor/'],
    never: ['node:net', 'piscina', 'pino'],
  },
  {
    place: 'src/generations/',
    may: ['src/', 'contract/'],
    never: ['node:net', 'node:tls', 'node:http', 'piscina', 'pino'],
  },
  { place: 'src/', may: ['src/', 'contract/', 'simulator/'], never: ['piscina'] },
  { place: 'simulator/', may: ['simulator/'], never: ['piscina', 'pino'] },
  {
    place: 'web/',
    may: ['web/'],
    mayTypes: ['src/admin/', 'contract/'],
    never: ['node:fs', 'node:http', 'node:net'],
  },
  { place: 'bench/', may: [''] },
  { place: 'test/', may: [''] },
];

/** Only this file may know piscina: everything else sees the pool through it. */
const POOL = 'src/supervisor/thread-worker.ts';

interface Import {
  readonly file: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

function sources(): string[] {
  return ['contract', 'workers', 'src', 'simulator', 'web', 'bench', 'test'].flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.tsx?$/.test(file))
      .map((file) => path.posix.join(folder, file.split(path.sep).join('/'))),
  );
}

function importsOf(file: string): Import[] {
  const text = readFileSync(path.join(ROOT, file), 'utf8');
  const lines = text.matchAll(/^\s*(?:import|export)\s+(type\s)?[^;'"]*?(?:from\s+)?['"]([^'"]+)['"]/gm);
  return [...lines].map(([, type, target = '']) => ({
    file,
    target: target.startsWith('.') ? path.posix.join(path.posix.dirname(file), target) : target,
    typeOnly: type !== undefined,
  }));
}

function complaint({ file, target, typeOnly }: Import): string | undefined {
  const rule = RULES.find(({ place }) => file.startsWith(place));
  if (rule === undefined) return `${file} is in no folder of the architecture table`;
  if (target === 'piscina' && file !== POOL && !file.startsWith('test/') && !file.startsWith('bench/')) {
    return `${file} imports piscina; only ${POOL} may`;
  }
  if (rule.never?.includes(target)) return `${file} imports ${target}, which ${rule.place} must not`;
  const ours = RULES.some(({ place }) => target.startsWith(place));
  if (!ours || rule.may.some((prefix) => target.startsWith(prefix))) return undefined;
  if (typeOnly && rule.mayTypes?.some((prefix) => target.startsWith(prefix))) return undefined;
  return `${file} imports ${target}; ${rule.place} may import ${rule.may.join(', ')} (types: ${rule.mayTypes?.join(', ') ?? 'no more'})`;
}

test('imports follow the architecture table', () => {
  const complaints = sources()
    .flatMap(importsOf)
    .map(complaint)
    .filter((text) => text !== undefined);
  assert.deepEqual(complaints, []);
});

test('the check sees a wrong arrow', () => {
  assert.match(
    complaint({ file: 'workers/relay/uplink.ts', target: 'src/log.js', typeOnly: false }) ?? '',
    /workers\/relay\/ may import/,
  );
});
