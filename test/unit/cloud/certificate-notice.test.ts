import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../../../contract/secret.js';
import { CertificateNotices, noticeOf } from '../../../src/cloud/certificate-notice.js';
import { memoryLog } from './fixtures.js';

const DAY_MS = 86_400_000;
const NOW_MS = Date.parse('2026-06-01T12:00:00Z');

const cases: [string, number, number, string | undefined][] = [
  ['a year, and two months left', -300, 60, undefined],
  ['a year, and 29 days left', -336, 29, 'warn 29'],
  ['a week, and three days left', -4, 3, undefined],
  ['a week, and two days left', -5, 2, 'warn 2'],
  ['hours left', -365, 0.5, 'warn 0'],
  ['expired', -365, -1, 'error 0'],
  ['not valid yet', 1, 365, 'error 365'],
];
for (const [title, fromDays, toDays, expected] of cases) {
  test(`a certificate with ${title} is worth ${expected ?? 'no word'}`, () => {
    const certificate = { validFromMs: NOW_MS + fromDays * DAY_MS, validToMs: NOW_MS + toDays * DAY_MS };
    const notice = noticeOf(certificate, NOW_MS);
    assert.equal(notice && `${notice.level} ${notice.days}`, expected);
  });
}

test('the end of a certificate is told once a day, and again for the next one', () => {
  const log = memoryLog();
  const clock = { ms: NOW_MS };
  const facts = { chain: '', key: new Secret('x'), commonName: 'gw-7', validFromMs: NOW_MS - 300 * DAY_MS };
  let certificate = { ...facts, validToMs: NOW_MS + 10.5 * DAY_MS };
  const notices = new CertificateNotices({ certificate: () => certificate, now: () => clock.ms, log });
  notices.look();
  notices.look();
  assert.equal(log.lines.length, 1);
  assert.match(log.lines[0]?.text ?? '', /"device":"gw-7","until":"2026-06-12T00:00:00.000Z","days":10/);
  clock.ms += DAY_MS;
  notices.look();
  assert.equal(log.lines.length, 2);
  certificate = { ...facts, validToMs: NOW_MS + 300 * DAY_MS };
  notices.look();
  assert.equal(log.lines.length, 2);
});
