import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { measure } from '../../../bench/micro/harness/measure.js';
import { machineId, thisMachine } from '../../../bench/micro/harness/machine.js';
import { resultTable } from '../../../bench/micro/harness/result-table.js';
import {
  RESULT_SCHEMA,
  resultFileName,
  resultSchema,
  storeResult,
  type MicroResult,
} from '../../../bench/micro/harness/result.js';
import { MASK_BYTES } from '../../../bench/micro/masking.js';
import { maskKernels } from '../../../bench/micro/masking-kernels.js';
import { suite } from '../../../bench/micro/suite.js';
import { seededBytes } from '../../helpers/seeded-stream.js';

describe('the id of a machine', () => {
  const cases = [
    ['AMD EPYC 7B13', 'epyc-7b13-2c-x64-node20'],
    ['AMD EPYC 7763 64-Core Processor', 'epyc-7763-2c-x64-node20'],
    ['Intel(R) Xeon(R) CPU @ 2.20GHz', 'xeon-2c-x64-node20'],
    ['Intel(R) Core(TM) i7-8650U CPU @ 1.90GHz', 'core-i7-8650u-2c-x64-node20'],
    ['', 'cpu-2c-x64-node20'],
    ['../../etc/passwd', 'etc-passwd-2c-x64-node20'],
  ] as const;
  for (const [cpu, id] of cases) {
    test(`of "${cpu}" is ${id}`, () => {
      assert.equal(machineId({ cpu, cores: 2, arch: 'x64' }, '20.20.2'), id);
    });
  }

  test('is short however long the processor is named', () => {
    assert.ok(machineId({ cpu: 'x1 '.repeat(200), cores: 2, arch: 'arm64' }, '24.0.0').length < 64);
  });
});

describe('a result', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'micro-result-'));
  after(() => rmSync(folder, { recursive: true }));

  test('is stored under machine and commit, and reads as it was', () => {
    const result = resultWith([]);
    const file = storeResult(path.join(folder, 'new'), result);
    assert.equal(path.basename(file), `${result.machine.id}-1ad5209abc-dirty.json`);
    assert.equal(path.basename(file), resultFileName(result));
    assert.deepEqual(resultSchema.parse(JSON.parse(readFileSync(file, 'utf8'))), result);
  });

  test('of another schema is not taken for one', () => {
    assert.equal(resultSchema.safeParse({ ...resultWith([]), schema: RESULT_SCHEMA + 1 }).success, false);
  });
});

describe('benches', () => {
  const benches = suite();

  test('have names of their own', () => {
    const names = benches.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
  });

  for (const bench of benches) {
    test(`"${bench.name}" runs and gives figures`, async () => {
      const figures = await measure(bench, 1);
      resultSchema.parse(resultWith([figures]));
      assert.ok(figures.p50Ns > 0 && figures.p50Ns <= figures.p99Ns, JSON.stringify(figures));
      assert.equal(figures.gibPerSecond !== undefined, bench.bytes !== undefined);
      assert.match(resultTable([figures]), new RegExp(`^${bench.name} `, 'm'));
    });
  }

  test('that throw make the measuring fail, and are closed all the same', async () => {
    let closed = 0;
    const run = (): never => {
      throw new Error('broken');
    };
    const close = (): Promise<void> => Promise.resolve(void (closed += 1));
    const bench = { name: 'broken', prepare: () => ({ run, close }) };
    await assert.rejects(measure(bench, 1), /broken/);
    assert.equal(closed, 1);
  });

  test('that do several operations in a call report the time of one', async () => {
    const spin = (): void => {
      const end = performance.now() + 0.2;
      while (performance.now() < end);
    };
    const figures = await measure({ name: 'spin', operations: 100, prepare: () => ({ run: spin }) }, 1);
    // 0.2 ms by 100 are 2,000 ns: the clock cannot pass faster, and a single call would be 200,000.
    assert.ok(figures.p50Ns >= 2_000 && figures.operationsPerSample >= 100, JSON.stringify(figures));
  });
});

describe('masking kernels', () => {
  const key = Buffer.from('a1b2c3d4', 'hex');
  for (const bytes of MASK_BYTES) {
    test(`give what RFC 6455 section 5.3 says for ${bytes} B`, () => {
      const payload = seededBytes(bytes, bytes);
      const expected = Buffer.from(payload.map((octet, i) => octet ^ (key[i % 4] ?? 0)));
      for (const { name, allocate, maskCopy } of maskKernels()) {
        const [source, target] = [allocate(bytes), allocate(bytes)];
        payload.copy(source);
        maskCopy(source, key, target);
        assert.ok(target.equals(expected), name);
      }
    });
  }
});

function resultWith(benches: MicroResult['benches']): MicroResult {
  return {
    schema: RESULT_SCHEMA,
    kind: 'micro',
    date: '2026-11-03T08:15:42.118Z',
    commit: '1ad5209abc-dirty',
    machine: thisMachine(),
    node: process.versions.node,
    timeMs: 1,
    benches,
  };
}
