import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApprovalView } from '../../../src/admin/backend.js';
import { becameOf, SETTLED_MS, shownApprovals, waitingOf } from '../../../web/model/approval-list.js';
import { watchApprovals } from '../../../web/model/approval-watch.js';
import { untilTrue } from '../../helpers/until.js';
import { APPROVAL, REFUSED, withAdmin } from '../admin/admin-helpers.js';

const [A, B, C] = ['a', 'b', 'c'].map((id) => ({ ...APPROVAL, id }));
assert.ok(A !== undefined && B !== undefined && C !== undefined);

test('a request that waits no longer keeps its place for a while, new ones come below', () => {
  const first = shownApprovals([], [A, B], 0);
  const second = shownApprovals(first, [B, C], 1_000);
  const third = shownApprovals(second, [B, C], 1_000 + SETTLED_MS - 1);
  for (const list of [second, third])
    assert.deepEqual(
      list.map(({ id, settledAtMs }) => [id, settledAtMs]),
      [
        ['a', 1_000],
        ['b', undefined],
        ['c', undefined],
      ],
    );
  assert.deepEqual(
    waitingOf(third).map(({ id }) => id),
    ['b', 'c'],
  );
  const last = shownApprovals(third, [B, C], 1_000 + SETTLED_MS);
  assert.deepEqual(
    last.map(({ id }) => id),
    ['b', 'c'],
  );
});

test('a request that waits again is one that waits', () => {
  const gone = shownApprovals(shownApprovals([], [A], 0), [], 1_000);
  assert.equal(shownApprovals(gone, [A], 2_000)[0]?.settledAtMs, undefined);
});

test('what became of a request is told by its operation', () => {
  const settled = { ...APPROVAL, settledAtMs: 1 };
  const operation = { ...REFUSED, operationId: APPROVAL.operationId };
  const tell = (more: Partial<typeof REFUSED>): string | undefined =>
    becameOf(settled, [{ ...operation, ...more }]);
  assert.equal(becameOf({ ...APPROVAL, settledAtMs: undefined }, [operation]), undefined);
  assert.equal(tell({ outcome: 'connecting', code: null }), 'Approved.');
  assert.equal(tell({ code: 'approval-denied' }), 'Denied.');
  assert.equal(tell({ code: 'approval-timeout' }), 'Refused: nobody answered in time.');
  assert.equal(tell({ code: 'cancelled' }), 'Refused: cancelled.');
  assert.equal(
    tell({ outcome: 'failed', code: 'target-refused' }),
    'Approved, but it failed: target-refused.',
  );
  assert.equal(becameOf(settled, []), undefined);
});

test('a page out of sight asks again and again who waits, until it is in sight', () =>
  withAdmin({}, async ({ port, backend }) => {
    const lists: (readonly ApprovalView[])[] = [];
    const end = new AbortController();
    const url = `http://127.0.0.1:${port}/api/approvals`;
    const options = {
      url,
      token: undefined,
      everyMs: 1,
      onApprovals: (list: readonly ApprovalView[]) => lists.push(list),
    };
    const watching = watchApprovals(options, end.signal);
    await untilTrue('the one that waits', () => lists.length > 0);
    assert.deepEqual(lists[0], [APPROVAL]);
    backend.waiting = [];
    await untilTrue('nobody', () => lists.at(-1)?.length === 0);
    end.abort();
    await watching;
  }));

test('a page out of sight sends a wrong token once', () =>
  withAdmin({ token: 'a-token-of-length' }, async ({ port }) => {
    const onApprovals = (): void => assert.fail('it was refused');
    const url = `http://127.0.0.1:${port}/api/approvals`;
    await watchApprovals({ url, token: 'wrong', everyMs: 1, onApprovals }, new AbortController().signal);
  }));
