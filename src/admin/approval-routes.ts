import { personName, type ApprovalWay } from '../../contract/approval.js';
import type { AdminBackend } from './backend.js';
import { errorReply } from './errors.js';
import { jsonReply, type Reply } from './reply.js';
import type { Fields, IdPath } from './router.js';

/** Who it was when the request does not say. */
const NOBODY_NAMED = 'somebody';

/** What may stand in `way`; whatever else asks is `admin API`. */
const WAYS: readonly ApprovalWay[] = ['dashboard', 'command line'];

/** `POST /api/approvals/ID/approve` and `.../deny`, with `{ "by": "name", "way": "dashboard" }`, both optional. */
export function approvalPaths(backend: AdminBackend): IdPath[] {
  return (['approve', 'deny'] as const).map((verdict) => ({
    prefix: '/api/approvals/',
    suffix: `/${verdict}`,
    route: {
      exposure: 'guarded',
      fields: ['by', 'way'],
      methods: { POST: (id, fields) => answer(backend, id, verdict, fields) },
    },
    unknown: 'unknown-approval',
  }));
}

async function answer(
  backend: AdminBackend,
  id: string,
  verdict: 'approve' | 'deny',
  fields: Fields,
): Promise<Reply> {
  const by = fields.by === undefined ? NOBODY_NAMED : personName(fields.by);
  const way = fields.way === undefined ? 'admin API' : WAYS.find((one) => one === fields.way);
  if (by === undefined || way === undefined) return errorReply('bad-body');
  const outcome = await backend.answerApproval(id, { verdict, by, way });
  switch (outcome.kind) {
    case 'taken':
      return jsonReply(200, { id, status: verdict === 'approve' ? 'approved' : 'denied', by });
    case 'unknown':
      return errorReply('unknown-approval');
    case 'settled':
      return errorReply('approval-settled', `Too late: ${outcome.sentence}.`);
  }
}
