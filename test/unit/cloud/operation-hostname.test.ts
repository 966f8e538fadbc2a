import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import { normaliseHostname } from '../../../src/cloud/hostname.js';
import { MAX_QUOTE, quote } from '../../../src/cloud/quote.js';
import { parseAddress } from '../../../src/policy/address.js';
import { operationCases } from '../../helpers/operation-cases.js';

const FRAGMENT = 'c8y_RemoteAccessConnect';

function hostnames(): string[] {
  return operationCases().flatMap(({ value }) => {
    const fragment = value?.[FRAGMENT];
    const has = typeof fragment === 'object' && fragment !== null && 'hostname' in fragment;
    return has && typeof fragment.hostname === 'string' ? [fragment.hostname] : [];
  });
}

const MORE = [
  'xn--bcher-kva.ü',
  'ёлка.example',
  'пример.испытание',
  '例え.テスト',
  'plc例え.example',
  'b\u0075\u0308cher.example',
  '::',
  '1:0:0:2:0:0:0:3',
  '::10.0.0.67',
  '4x',
  'plc.2nd',
];

test('normalising a normal form changes nothing', () => {
  let accepted = 0;
  for (const text of [...hostnames(), ...MORE]) {
    const check = normaliseHostname(text);
    if (!check.ok) continue;
    accepted++;
    assert.deepEqual(normaliseHostname(check.hostname), check, text);
    assert.match(check.hostname, /^[a-z0-9._:-]{1,253}$/);
  }
  assert.ok(accepted > 40, `${accepted} accepted`);
});

/** Pieces that disguises are made of. */
const PIECES = [
  ...'a z Z 0 1 9 10 127 255 256 0x7f 08 x plc xn-- - _ . . . .. : :: ffff % [ ] / @ ? # \\ ü с １ 。 ß ﬁ'.split(
    ' ',
  ),
  ' ',
  '\0',
  '\u00ad',
];

test('what is accepted means the same to a URL parser, to the policy and to the network', () => {
  let state = 1;
  let accepted = 0;
  const below = (n: number) => (state = (state * 48_271) % 2_147_483_647) % n;
  for (let i = 0; i < 40_000; i++) {
    const text = Array.from({ length: 1 + below(7) }, () => PIECES[below(PIECES.length)]).join('');
    const check = normaliseHostname(text);
    if (!check.ok) continue;
    accepted++;
    const { hostname } = check;
    assert.deepEqual(normaliseHostname(hostname), check, text);
    const isAddress = parseAddress(hostname) !== undefined;
    assert.equal(isAddress, isIP(hostname) !== 0, text);
    assert.equal(isAddress, /^[0-9.]+$|:/.test(hostname), text);
    const inUrl = hostname.includes(':') ? `[${hostname}]` : hostname;
    assert.equal(new URL(`http://${inUrl}/`).hostname, inUrl, text);
  }
  assert.ok(accepted > 1_000, `${accepted} accepted`);
});

test('accepts international names of one script and writes them as xn--', () => {
  assert.deepEqual(normaliseHostname('b\u0075\u0308cher.example'), {
    ok: true,
    hostname: 'xn--bcher-kva.example',
  });
  assert.deepEqual(normaliseHostname('例え.テスト'), { ok: true, hostname: 'xn--r8jz45g.xn--zckzah' });
});

test('refuses look-alikes also when they come encoded', () => {
  const encoded = 'xn--pl-pmc'; // "pl" and a Cyrillic "с"
  assert.match(why(encoded), /look-alike/);
  assert.match(why(`${encoded}.ü`), /look-alike/);
  assert.match(why('xn--zzzz9999'), /no valid international name/);
  assert.match(why('ｐｌｃ'), /in disguise/);
});

test('says what is wrong', () => {
  assert.match(why('fe80::1%eth0'), /zone id/);
  assert.match(why('10.0.0.67:22'), /port has its own field/);
  assert.match(why('[::1]:22'), /port has its own field/);
  assert.match(why('127.1'), /ends in a number/);
  assert.match(why('a..b'), /empty label/);
  assert.match(why('a b'), /blank/);
});

test('quotes at most 64 characters of printable ASCII', () => {
  for (const value of ['', 'plc-1', 'a'.repeat(1e6), '\u{1f600}'.repeat(100), '\n\r\0\u202e"\\', '\ud800']) {
    const quoted = quote(value);
    assert.ok(quoted.length <= MAX_QUOTE + 2, quoted);
    assert.match(quoted, /^"[ -~]*"$/);
  }
  assert.equal(quote('a"\\\n'), '"a\\"\\\\\\u{a}"');
});

function why(text: string): string {
  const check = normaliseHostname(text);
  assert.ok(!check.ok, `${text} is accepted`);
  return check.why;
}
