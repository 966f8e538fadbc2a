import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import * as fc from 'fast-check';
import { normaliseHostname } from '../../../src/cloud/hostname.js';
import { classOf, parseAddress } from '../../../src/policy/address.js';
import { operationCases } from '../../helpers/operation-cases.js';
import type { FuzzTarget } from '../target.js';

const PIECES =
  'a z 0 1 9 10 127 255 256 0x7f 08 x plc xn-- xn--bcher-kva - _ . : :: ffff % [ ] / @ ? # \\ ü с １ 。 ß ﬁ \u00ad \u200b 例え'.split(
    ' ',
  );

export const hostname: FuzzTarget = {
  name: 'hostname',
  holds: 'what is accepted is its own normal form and means the same to everybody',
  seeds: () =>
    operationCases().flatMap(({ value }) => {
      const fragment = value?.c8y_RemoteAccessConnect;
      const text =
        typeof fragment === 'object' && fragment !== null && 'hostname' in fragment
          ? fragment.hostname
          : undefined;
      return typeof text === 'string' ? [Buffer.from(text)] : [];
    }),
  dictionary: PIECES,
  structured: fc.oneof(
    fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }).map((pieces) => Buffer.from(pieces.join(''))),
    fc.ipV4Extended().map((text) => Buffer.from(text)),
    fc.ipV6().map((text) => Buffer.from(text)),
    fc.domain().map((text) => Buffer.from(text)),
  ),
  check: (input) => {
    const text = input.toString('utf8');
    const check = normaliseHostname(text);
    if (!check.ok) return assert.match(check.why, /^[ -~]{1,200}$/);
    const { hostname: normal } = check;
    assert.match(normal, /^[a-z0-9._:-]{1,253}$/);
    assert.deepEqual(normaliseHostname(normal), check, 'not its own normal form');
    const address = parseAddress(normal);
    assert.equal(address !== undefined, isIP(normal) !== 0, 'an address to one, a name to the other');
    const before = parseAddress(text);
    if (before !== undefined) assert.equal(before.value, address?.value, 'another address');
    const bare = text.replace(/^\[(.*)\]$/, '$1');
    if (isIP(bare) === 6)
      assert.equal(new URL(`http://[${normal}]/`).hostname, new URL(`http://[${bare}]/`).hostname);
    if (address !== undefined) {
      const again = parseAddress(address.text);
      assert.ok(again !== undefined && classOf(again) === classOf(address));
    }
    const inUrl = normal.includes(':') ? `[${normal}]` : normal;
    assert.equal(new URL(`http://${inUrl}/`).hostname, inUrl, 'something else to a URL parser');
  },
};
