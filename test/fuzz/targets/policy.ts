import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Conduit } from '../../../src/config/config.js';
import { decide } from '../../../src/policy/decide.js';
import { conduit, question } from '../../helpers/policy-question.js';
import type { FuzzTarget } from '../target.js';
import { naiveDecision, type PolicyInput } from './naive-policy.js';

const V4 = fc.oneof(
  fc.ipV4(),
  fc.constantFrom(
    '10.0.5.7',
    '10.0.5.1',
    '10.0.5.255',
    '127.0.0.1',
    '127.9.9.9',
    '0.0.0.0',
    '0.1.2.3',
    '169.254.169.254',
    '100.100.100.200',
    '168.63.129.16',
    '224.0.0.1',
    '255.255.255.255',
    '240.0.0.1',
  ),
);
const V6 = fc.oneof(
  fc.ipV6(),
  fc.constantFrom(
    '::',
    '::1',
    'fe80::1',
    'ff02::1',
    'fd00:ec2::254',
    'fd20:ce::254',
    'fd00:5::1',
    'fd00:5::7',
    '64:ff9b::7f00:1',
    '64:ff9b::a00:507',
    '64:ff9b:1::7f00:1',
    '2002:7f00:1::',
    '2002:a00:507::',
    '2001:0:1:2:3:4:80ff:fffe',
    '2001::f5ff:faf8',
    '::ffff:0:7f00:1',
    '::7f00:1',
    '::10.0.5.7',
    '::ffff:10.0.5.7',
    '::ffff:7f00:1',
  ),
);
const ADDRESS = fc.oneof(V4, V6);
const HOST = fc.oneof(
  V4,
  V6.filter((text) => !text.startsWith('::ffff:')),
  fc.constantFrom(
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/8',
    '10.0.5.0/24',
    '127.0.0.0/8',
    '127.0.0.0/30',
    '126.0.0.0/7',
    '128.0.0.0/1',
    'fd00::/8',
    '::/127',
    '::/96',
    'plc',
    'localhost',
    'a.localhost',
    'PLC.',
  ),
);
const PORTS = fc.array(
  fc.tuple(fc.constantFrom(1, 22, 80), fc.constantFrom(22, 80, 65_535)).filter(([from, to]) => from <= to),
  { minLength: 1, maxLength: 3 },
);

export const policy: FuzzTarget = {
  name: 'policy',
  holds: 'a decision is the one of an implementation that goes through everything one by one',
  structured: fc
    .record({
      conduits: fc.array(fc.record({ host: HOST, ports: PORTS }), { maxLength: 6 }),
      hostname: fc.constantFrom('plc', 'localhost', 'a.localhost', '10.0.5.7'),
      addresses: fc.array(
        fc.oneof({ arbitrary: ADDRESS, weight: 20 }, { arbitrary: fc.constant('10.0.5'), weight: 1 }),
        { maxLength: 6 },
      ),
      port: fc.constantFrom(22, 80, 7_980, 443),
      targets: fc.option(fc.subarray(['c0', 'c1', 'c2', 'c3']), { nil: undefined }),
    })
    .map((input) => Buffer.from(JSON.stringify(input))),
  check: (bytes) => {
    const input = inputOf(bytes);
    if (input === undefined) return;
    const conduits = input.conduits.map(({ host, ports }, index): Conduit => ({
      ...conduit(index, host, { ports: ports.map(([from, to]) => ({ from, to })) }),
      name: `c${index}`,
    }));
    const { hostname, addresses, port, targets } = input;
    const child = targets === undefined ? undefined : { externalId: 'plc-1', name: 'PLC', targets };
    let asked;
    try {
      asked = question(conduits, hostname, { addresses, port, child });
    } catch (error) {
      assert.ok(error instanceof RangeError, String(error));
      return;
    }
    const decision = decide(asked);
    const ours =
      decision.kind === 'allow'
        ? { conduit: decision.conduit.name, addresses: [...decision.addresses] }
        : undefined;
    const naive = naiveDecision(input);
    assert.deepEqual(ours, naive);
    if (decision.kind === 'deny') assert.match(decision.sentence, /^[^\p{Cc}]{1,2000}$/u);
  },
};

/** Mutation makes many that are none; the rest are as `structured` makes them, with other values. */
function inputOf(bytes: Buffer): PolicyInput | undefined {
  try {
    const value = JSON.parse(bytes.toString('utf8')) as PolicyInput;
    const isText = (text: unknown): boolean => typeof text === 'string' && /^[!-~]{1,60}$/.test(text);
    const isPort = (port: unknown): boolean => Number.isInteger(port);
    const isGood =
      isText(value.hostname) &&
      isPort(value.port) &&
      value.addresses.every(isText) &&
      (value.targets === undefined || value.targets.every(isText)) &&
      value.conduits.every(
        ({ host, ports }) =>
          isText(host) &&
          ports.length > 0 &&
          ports.every((range) => (range as readonly number[]).length === 2 && range.every(isPort)),
      );
    return isGood ? value : undefined;
  } catch {
    return undefined;
  }
}
