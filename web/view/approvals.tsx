import { useState } from 'preact/hooks';
import type { ApprovalView } from '../../src/admin/backend.js';
import type { Actions } from '../model/actions.js';
import type { Dashboard } from '../model/dashboard.js';
import * as format from '../model/format.js';
import { remembered, remember } from './session-memory.js';

export interface ApprovalsProps {
  readonly dashboard: Dashboard;
  readonly actions: Actions;
  readonly onDecided: (sentence: string) => void;
}

/** Paths that somebody on site has to allow, with the two buttons for it. Nothing when nobody waits. */
export function Approvals({ dashboard: { approvals, atMs }, actions, onDecided }: ApprovalsProps) {
  const [by, setBy] = useState(() => remembered('name') ?? '');
  if (approvals.length === 0) return null;
  return (
    <section class="card approvals" aria-labelledby="approvals-title">
      <div class="card-head">
        <h2 id="approvals-title">Waiting for your approval</h2>
        <span class="count">{approvals.length}</span>
        <span class="gap" />
        <label class="by">
          <span>Your name, for the record</span>
          <input
            type="text"
            value={by}
            maxLength={64}
            autocomplete="name"
            onInput={({ currentTarget: { value } }) => {
              setBy(value);
              remember('name', value);
            }}
          />
        </label>
      </div>
      <ul>
        {approvals.map((approval) => (
          <Approval
            key={approval.id}
            approval={approval}
            nowMs={atMs}
            decide={(decision) => actions.decide(approval.id, decision, by.trim())}
            onDecided={onDecided}
          />
        ))}
      </ul>
    </section>
  );
}

interface ApprovalProps {
  readonly approval: ApprovalView;
  readonly nowMs: number;
  readonly decide: (decision: 'approve' | 'deny') => ReturnType<Actions['decide']>;
  readonly onDecided: (sentence: string) => void;
}

function Approval({ approval, nowMs, decide, onDecided }: ApprovalProps) {
  const { host, port, conduit, deviceId, operationId, askedAt, expiresAt } = approval;
  const [isBusy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState('');
  const name = format.target(host, port);
  const choose = async (decision: 'approve' | 'deny'): Promise<void> => {
    setBusy(true);
    setTrouble('');
    const outcome = await decide(decision);
    setBusy(false);
    if (outcome.ok) onDecided(`${name} was ${decision === 'approve' ? 'approved' : 'denied'}.`);
    else setTrouble(outcome.sentence);
  };
  return (
    <li>
      <div class="approval-text">
        <strong>{name}</strong> through <strong>{format.plain(conduit)}</strong>
        <div class="muted">
          asked {format.age(nowMs - Date.parse(askedAt))} ago for device {deviceId}, operation {operationId};
          refused by itself in {format.countdown(Date.parse(expiresAt) - nowMs)}
        </div>
        {trouble === '' ? null : (
          <div class="trouble" role="alert">
            {trouble}
          </div>
        )}
      </div>
      <div class="buttons">
        <button
          type="button"
          disabled={isBusy}
          aria-label={`Deny ${name}`}
          onClick={() => void choose('deny')}
        >
          Deny
        </button>
        <button
          type="button"
          class="primary"
          disabled={isBusy}
          aria-label={`Approve ${name}`}
          onClick={() => void choose('approve')}
        >
          Approve
        </button>
      </div>
    </li>
  );
}
