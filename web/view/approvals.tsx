import { useEffect, useState } from 'preact/hooks';
import type { Actions } from '../model/actions.js';
import { becameOf, waitingOf, type ShownApproval } from '../model/approval-list.js';
import type { Dashboard } from '../model/dashboard.js';
import * as format from '../model/format.js';
import { remembered, remember } from './session-memory.js';

/** How long a request has to stand still before it can be answered, in ms: a hand that is about to press needs that. */
const STILL_MS = 600;

type Decision = 'approve' | 'deny';

export interface ApprovalsProps {
  readonly dashboard: Dashboard;
  readonly actions: Actions;
  readonly onDecided: (sentence: string) => void;
}

/** Paths that somebody on site has to allow, with the two buttons for it. Only their number, aloud, when nobody waits. */
export function Approvals({ dashboard, actions, onDecided }: ApprovalsProps) {
  const { approvals, operations, atMs } = dashboard;
  const [by, setBy] = useState(() => remembered('name') ?? '');
  const waiting = waitingOf(approvals);
  const ids = approvals.map(({ id }) => id);
  return (
    <>
      <p class="hidden" role="status">
        {announcement(waiting)}
      </p>
      {approvals.length === 0 ? null : (
        <section class="card approvals" aria-labelledby="approvals-title">
          <div class="card-head">
            <h2 id="approvals-title">Waiting for your approval</h2>
            <span class="count">{waiting.length}</span>
            <span class="gap" />
            <Name by={by} onName={setBy} />
          </div>
          <ul>
            {approvals.map((approval, index) => (
              <Approval
                key={approval.id}
                approval={approval}
                above={ids.slice(0, index).join()}
                became={becameOf(approval, operations)}
                nowMs={atMs}
                decide={(decision) => actions.decide(approval.id, decision, by.trim())}
                onDecided={onDecided}
              />
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

/** Who does not look at the page hears that somebody waits, and for what. */
function announcement(waiting: readonly ShownApproval[]): string {
  const newest = waiting.at(-1);
  if (newest === undefined) return '';
  const what = `${format.target(newest.host, newest.port)} through ${format.plain(newest.conduit)}`;
  if (waiting.length === 1) return `A request waits for your approval: ${what}.`;
  return `${waiting.length} requests wait for your approval, the last one for ${what}.`;
}

function Name({ by, onName }: { readonly by: string; readonly onName: (name: string) => void }) {
  return (
    <label class="by">
      <span>Your name, for the record</span>
      <input
        type="text"
        value={by}
        maxLength={64}
        autocomplete="name"
        onInput={({ currentTarget: { value } }) => {
          onName(value);
          remember('name', value);
        }}
      />
    </label>
  );
}

interface ApprovalProps {
  readonly approval: ShownApproval;
  /** Ids of those above it: while they are the same it stands still. */
  readonly above: string;
  /** What became of it; undefined while it waits. */
  readonly became: string | undefined;
  readonly nowMs: number;
  readonly decide: (decision: Decision) => ReturnType<Actions['decide']>;
  readonly onDecided: (sentence: string) => void;
}

function Approval({ approval, above, became, nowMs, decide, onDecided }: ApprovalProps) {
  const { host, port, conduit, deviceId, operationId, askedAt, expiresAt } = approval;
  const [isBusy, setBusy] = useState(false);
  const [decided, setDecided] = useState<Decision>();
  const [trouble, setTrouble] = useState('');
  const isStill = useStill(above);
  const name = format.target(host, port);
  const settled = became ?? fateOf(approval, decided);
  const isOff = isBusy || settled !== undefined || !isStill;
  const choose = async (decision: Decision): Promise<void> => {
    if (isOff) return;
    setBusy(true);
    setTrouble('');
    const outcome = await decide(decision);
    setBusy(false);
    if (!outcome.ok) {
      setTrouble(outcome.sentence);
      return;
    }
    setDecided(decision);
    onDecided(`${name} was ${decision === 'approve' ? 'approved' : 'denied'}.`);
  };
  return (
    <li class={settled === undefined ? '' : 'settled'}>
      <div class="approval-text">
        <strong>{name}</strong> through <strong>{format.plain(conduit)}</strong>
        <div class="approval-fate">
          <div class="muted">
            asked {format.age(nowMs - Date.parse(askedAt))} ago for device {deviceId}, operation {operationId}
            ; refused by itself in {format.countdown(Date.parse(expiresAt) - nowMs)}
          </div>
          {settled === undefined ? null : <strong>{settled}</strong>}
        </div>
        {trouble === '' ? null : (
          <div class="trouble" role="alert">
            {trouble}
          </div>
        )}
      </div>
      <div class="buttons">
        <Answer text="Deny" name={name} isOff={isOff} onClick={() => void choose('deny')} />
        <Answer text="Approve" name={name} isOff={isOff} onClick={() => void choose('approve')} isPrimary />
      </div>
    </li>
  );
}

/** As far as this page knows it by itself. */
function fateOf({ settledAtMs }: ShownApproval, decided: Decision | undefined): string | undefined {
  if (decided !== undefined) return decided === 'approve' ? 'Approved.' : 'Denied.';
  return settledAtMs === undefined ? undefined : 'It does not wait any more.';
}

interface AnswerProps {
  readonly text: string;
  readonly name: string;
  readonly isOff: boolean;
  readonly isPrimary?: boolean;
  readonly onClick: () => void;
}

/** Off, it keeps the focus: a button that is `disabled` loses it, and who works with the keyboard their place. */
function Answer({ text, name, isOff, isPrimary = false, onClick }: AnswerProps) {
  return (
    <button
      type="button"
      class={isPrimary ? 'primary' : ''}
      aria-disabled={isOff}
      aria-label={`${text} ${name}`}
      onClick={onClick}
    >
      {text}
    </button>
  );
}

/** Whether `place` has been the same for STILL_MS. */
function useStill(place: string): boolean {
  const [still, setStill] = useState<string>();
  useEffect(() => {
    const timer = setTimeout(() => setStill(place), STILL_MS);
    return () => clearTimeout(timer);
  }, [place]);
  return still === place;
}
