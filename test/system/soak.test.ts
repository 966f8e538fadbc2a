import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reportText } from '../soak/report.js';
import { Soak } from '../soak/soak.js';

test('a short soak: sessions with faults around and in them, every byte held against its stream', async () => {
  const options = {
    minutes: 0.25,
    sessions: 5,
    isolation: 'process',
    seed: 'system test',
    record: false,
  } as const;
  const result = await new Soak(options, () => undefined).run();
  assert.equal(result.verdict, 'passed', reportText(result));
  assert.ok(result.whole > 5, reportText(result));
  assert.ok(result.bytesVerified > 1_000_000, reportText(result));
});
