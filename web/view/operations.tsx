import { memo } from 'preact/compat';
import type { OperationView } from '../../src/admin/backend.js';
import { MAX_OPERATIONS } from '../model/dashboard.js';
import * as format from '../model/format.js';
import { Badge } from './state-badge.js';

/** Which operations are shown: all, those that did not come to a session, or those of one failure code. */
export type OperationFilter = 'all' | 'problems' | NonNullable<OperationView['code']>;

export interface OperationsProps {
  readonly operations: readonly OperationView[];
  readonly filter: OperationFilter;
  /** Start of the day that times are told without a date, in ms. */
  readonly dayMs: number;
  readonly onFilter: (filter: OperationFilter) => void;
}

/** What was asked of this gateway lately, and what became of it. */
export const Operations = memo(function Operations(props: OperationsProps) {
  const { operations, filter, dayMs, onFilter } = props;
  const shown = operations.filter((operation) => isWanted(operation, filter));
  return (
    <section class="card operations" aria-labelledby="operations-title">
      <div class="card-head">
        <h2 id="operations-title">Recent operations</h2>
        <span class="gap" />
        <div class="choices" role="group" aria-label="Which operations are shown">
          <Choice text="All" isChosen={filter === 'all'} onChoose={() => onFilter('all')} />
          <Choice
            text="Refused or failed"
            isChosen={filter === 'problems'}
            onChoose={() => onFilter('problems')}
          />
          {filter === 'all' || filter === 'problems' ? null : (
            <Choice text={filter} isChosen onChoose={() => onFilter('all')} />
          )}
        </div>
      </div>
      {shown.length === 0 ? (
        <div class="empty">
          <p>
            <strong>
              {operations.length === 0
                ? 'Nothing was asked of this gateway yet.'
                : `None among the last ${MAX_OPERATIONS}.`}
            </strong>
          </p>
          {operations.length === 0 ? (
            <p>
              Each request of the cloud is listed here with its outcome, and with the reason when it was
              refused.
            </p>
          ) : null}
        </div>
      ) : (
        <ul class="list" tabIndex={0} aria-label="Operations, newest first">
          {shown.map((operation) => (
            <Operation key={operation.operationId} operation={operation} dayMs={dayMs} />
          ))}
        </ul>
      )}
    </section>
  );
});

interface ChoiceProps {
  readonly text: string;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
}

function Choice({ text, isChosen, onChoose }: ChoiceProps) {
  return (
    <button type="button" class="choice" aria-pressed={isChosen} onClick={onChoose}>
      {text}
    </button>
  );
}

function Operation({ operation, dayMs }: { readonly operation: OperationView; readonly dayMs: number }) {
  const { outcome, host, port, conduit, code, reason, deviceId, operationId, startedAt } = operation;
  return (
    <li class="operation">
      <time dateTime={startedAt}>{format.clock(startedAt, dayMs)}</time>
      <Badge kind={outcome} text={outcome} />
      <div class="operation-text">
        <span class="address">{host === null ? 'no valid target' : format.target(host, port)}</span>
        {conduit === null ? null : <span class="muted"> through {format.plain(conduit)}</span>}
        <span class="muted">
          {' '}
          · device {deviceId} · operation {operationId}
        </span>
        {code === null ? null : (
          <div class="reason">
            <code>{code}</code> {format.plain(reason ?? '')}
          </div>
        )}
        {outcome === 'waiting' ? <div class="muted">waiting for approval on site</div> : null}
        {outcome === 'ended' ? <div class="muted">{format.plain(endingOf(operation))}</div> : null}
      </div>
    </li>
  );
}

/** `ended after 12 min by admin (an operator closed it), 1.2 MiB up, 30 B down`. */
function endingOf({
  startedAt,
  endedAt,
  endReason,
  reason,
  uplinkBytes,
  downlinkBytes,
}: OperationView): string {
  const ms = endedAt === null ? 0 : Date.parse(endedAt) - Date.parse(startedAt);
  const how = endReason === null ? (reason ?? '') : `${endReason}${reason === null ? '' : ` (${reason})`}`;
  const moved =
    uplinkBytes === null || downlinkBytes === null
      ? ''
      : ` · ${format.bytes(uplinkBytes)} up, ${format.bytes(downlinkBytes)} down`;
  return `after ${format.age(ms)}: ${how}${moved}`;
}

function isWanted({ outcome, code }: OperationView, filter: OperationFilter): boolean {
  if (filter === 'all') return true;
  if (filter === 'problems') return outcome === 'refused' || outcome === 'failed';
  return code === filter;
}
