import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { GatehouseError } from '../../contract/failure.js';
import type { Tunnel } from '../../contract/messages.js';
import { dialCloud, tlsContext } from '../../workers/dial/cloud.js';
import { acceptHead, RawCloud } from '../helpers/raw-cloud.js';
import { until, untilTrue } from '../helpers/until.js';
import { surface } from './cases.js';
import { answering, type UpgradeCase } from './upgrade-cases.js';

/** Deadline of the dials that reach it, and of those that must not, in ms. */
const SHORT_MS = 200;
const LONG_MS = 5_000;

const SECRET = 'Basic c2VjcmV0LWNhbmFyeQ==';

/** `up`, or `<code>: <sentence>`. */
async function outcomeOf(tunnel: Tunnel, timeoutMs: number): Promise<string> {
  const { signal } = new AbortController();
  try {
    const dial = dialCloud(tunnel, tlsContext(undefined), timeoutMs, signal);
    const { wire } = await until('the dial', dial);
    wire.socket.destroy();
    return 'up';
  } catch (error) {
    assert.ok(error instanceof GatehouseError, String(error));
    return `${error.code}: ${error.message}`;
  }
}

describe('the answer to an upgrade', () => {
  let cloud: RawCloud;
  let one: UpgradeCase | undefined;

  before(async () => {
    const answer = (socket: Parameters<typeof answering>[1], request: string): void => {
      if (one === undefined) socket.end(acceptHead(request));
      else answering(one, socket, request);
    };
    cloud = await new RawCloud({ answer }).listen();
  });
  after(() => cloud.close());

  for (const each of surface<UpgradeCase>('upgrade-answers').cases) {
    test(`${each.id}: ${each.expect}`, async () => {
      one = each;
      const tunnel = {
        url: cloud.url(),
        authorization: SECRET,
        endpoint: { host: '127.0.0.1', port: cloud.port, addresses: ['127.0.0.1'] },
      };
      const outcome = await outcomeOf(tunnel, each.then === 'hold' ? SHORT_MS : LONG_MS);
      assert.equal(outcome.split(':')[0], each.expect, outcome);
      if (each.says !== undefined) assert.ok(outcome.includes(each.says), outcome);
      // The answer comes from outside: none of it may reach a terminal, and no secret of ours may be in the sentence.
      assert.match(outcome, /^[ -~]{2,400}$/);
      assert.doesNotMatch(outcome, /c2VjcmV0|0123456789abcdef|alert|rm -rf/);
      await untilTrue('no connection at the cloud', () => cloud.connections.size === 0);
    });
  }
});
