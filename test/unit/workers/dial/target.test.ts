import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GatehouseError } from '../../../../contract/failure.js';
import type { Endpoint } from '../../../../contract/messages.js';
import { targetFailure } from '../../../../workers/dial/failure.js';
import { dialTarget } from '../../../../workers/dial/target.js';
import { SilentPort } from '../../../helpers/silent-port.js';
import { closedPort } from '../../../helpers/closed-port.js';
import { Target } from '../../../helpers/targets.js';
import { until, untilTrue } from '../../../helpers/until.js';

function endpoint(port: number, ...addresses: string[]): Endpoint {
  return { host: 'plc', port, addresses };
}

async function dial(to: Endpoint, timeoutMs = 5_000): Promise<string> {
  try {
    const wire = await until('the dial', dialTarget(to, timeoutMs, new AbortController().signal));
    const address = wire.socket.remoteAddress ?? '';
    wire.socket.destroy();
    return address;
  } catch (error) {
    assert.ok(error instanceof GatehouseError, String(error));
    return error.code;
  }
}

test('a port without a listener is target-refused', async () => {
  assert.equal(await dial(endpoint(await closedPort(), '127.0.0.1')), 'target-refused');
});

test('a host that does not answer is target-timeout at the deadline', async () => {
  const silent = await SilentPort.on('127.0.0.2');
  const startMs = performance.now();
  assert.equal(await dial(endpoint(silent.port, '127.0.0.2'), 300), 'target-timeout');
  assert.ok(performance.now() - startMs >= 295);
  await silent.close();
});

describe('several addresses', () => {
  test('the second is dialled when the first refuses', async () => {
    const target = await new Target().listen();
    assert.equal(await dial(endpoint(target.port, '127.0.0.2', '127.0.0.1')), '127.0.0.1');
    await target.close();
  });

  test('the second is dialled beside a first that is silent', async () => {
    const target = await new Target().listen();
    const silent = await SilentPort.on('127.0.0.2', target.port);
    assert.equal(await dial(endpoint(target.port, '127.0.0.2', '127.0.0.1')), '127.0.0.1');
    await silent.close();
    await target.close();
  });

  test('the first wins when all answer, and the others are not dialled', async () => {
    const target = await new Target().listen('0.0.0.0');
    assert.equal(await dial(endpoint(target.port, '127.0.0.3', '127.0.0.2', '127.0.0.1')), '127.0.0.3');
    await target.close();
  });

  test('when all fail the first failure is named', async () => {
    const port = await closedPort();
    assert.equal(await dial(endpoint(port, '127.0.0.2', '127.0.0.3', '127.0.0.1')), 'target-refused');
  });

  test('when all are silent it is one deadline, not one each', async () => {
    const silent = await SilentPort.on('127.0.0.2');
    const addresses = Array<string>(16).fill('127.0.0.2');
    const startMs = performance.now();
    assert.equal(await dial(endpoint(silent.port, ...addresses), 600), 'target-timeout');
    assert.ok(performance.now() - startMs < 5_000);
    await silent.close();
  });
});

test('an abort rejects with its reason and leaves no connection', async () => {
  const silent = await SilentPort.on('127.0.0.2');
  const abort = new AbortController();
  const dialled = dialTarget(endpoint(silent.port, '127.0.0.2'), 5_000, abort.signal);
  const reason = new Error('cancelled by the test');
  abort.abort(reason);
  await assert.rejects(dialled, reason);
  await assert.rejects(dialTarget(endpoint(silent.port, '127.0.0.2'), 5_000, abort.signal), reason);
  await silent.close();
  await untilTrue('no connection', () => !process.getActiveResourcesInfo().includes('TCPSocketWrap'));
});

for (const [code, failure] of [
  ['ECONNREFUSED', 'target-refused'],
  ['ETIMEDOUT', 'target-timeout'],
  ['EHOSTUNREACH', 'target-unreachable'],
  ['ENETUNREACH', 'target-unreachable'],
  ['EACCES', 'target-unreachable'],
  ['ECONNRESET', 'target-reset'],
  ['EMFILE', 'local-resources'],
  ['EADDRNOTAVAIL', 'local-resources'],
] as const) {
  test(`${code} is ${failure}`, () => {
    const error = Object.assign(new Error(`connect ${code}`), { code });
    assert.equal(targetFailure(error, endpoint(22, '10.0.0.1')).code, failure);
  });
}
