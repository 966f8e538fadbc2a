import assert from 'node:assert/strict';
import http, { type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { MAX_REPLY_BYTES } from '../../contract/limits.js';
import { credentialsOf } from '../../src/cloud/authorization.js';
import { Backoff } from '../../src/cloud/backoff.js';
import { CloudClock } from '../../src/cloud/cloud-clock.js';
import type { ParsedOperation, StatusUpdate } from '../../src/cloud/intake.js';
import { parseJson } from '../../src/cloud/json-document.js';
import { parseOperation } from '../../src/cloud/operation.js';
import { RestClient } from '../../src/cloud/rest-client.js';
import { RestError } from '../../src/cloud/rest-error.js';
import { Sweep } from '../../src/cloud/sweep.js';
import { cloudConfig, FAST, memoryLog } from '../unit/cloud/fixtures.js';
import { until } from '../helpers/until.js';
import { bytesOf, surface, type Case, type Written } from './cases.js';

interface PageCase extends Case {
  readonly page?: Written;
  readonly left?: Written;
  readonly kinds?: readonly string[];
  readonly failed?: readonly string[];
  readonly fails?: string;
}

describe('a page of the list of operations', () => {
  let one: PageCase = { id: '' };
  let server: Server;
  let url = '';

  before(async () => {
    // The first page is the case's, whatever its size; those behind it are empty.
    server = http.createServer((request, response) => {
      const query = new URL(request.url ?? '/', 'http://x').searchParams;
      const written = query.get('status') === 'PENDING' ? one.page : one.left;
      const isFirst = query.get('currentPage') === '1' && written !== undefined;
      response.end(isFirst ? bytesOf(written) : '{"operations":[]}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  /** One sweep: what was handed over and what was reported. */
  async function swept(): Promise<{ seen: ParsedOperation[]; reported: StatusUpdate[]; error: unknown }> {
    const cloud = cloudConfig(url);
    const clock = new CloudClock({ now: Date.now });
    const rest = new RestClient({
      cloud,
      credentials: credentialsOf(cloud),
      clock,
      parseJson: (document) => parseJson(document, { maxBytes: MAX_REPLY_BYTES }),
      requestMs: 5_000,
    });
    const seen: ParsedOperation[] = [];
    const reported: StatusUpdate[] = [];
    const sweep = new Sweep({
      rest,
      clock,
      status: { report: (update) => void reported.push(update), size: 0, flush: () => Promise.resolve() },
      parseOperation,
      onOperation: (parsed) => void seen.push(parsed),
      isOurs: () => false,
      uptimeMs: () => 1_000,
      backoff: new Backoff(FAST.backoff, () => performance.now()),
      sweepMs: 60_000,
      log: memoryLog(),
    });
    const run = sweep.once('40511', new AbortController().signal);
    const error: unknown = await until(
      'the sweep',
      run.then(
        () => undefined,
        (thrown: unknown) => thrown,
      ),
    );
    await rest.close();
    return { seen, reported, error };
  }

  for (const each of surface<PageCase>('operation-pages').cases) {
    test(`${each.id}: ${each.fails ?? (each.kinds ?? each.failed ?? []).join(', ')}`, async () => {
      one = each;
      const { seen, reported, error } = await swept();
      if (each.fails !== undefined) {
        assert.ok(error instanceof RestError, String(error));
        assert.equal(error.kind, each.fails);
        return;
      }
      assert.equal(error, undefined);
      const kinds = seen.map(({ kind }) => kind);
      assert.deepEqual(kinds, each.kinds ?? []);
      assert.deepEqual(
        reported.map(({ operationId, status }) => `${operationId} ${status}`),
        (each.failed ?? []).map((id) => `${id} FAILED`),
      );
    });
  }
});
