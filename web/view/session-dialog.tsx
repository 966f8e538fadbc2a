import { useEffect, useRef, useState } from 'preact/hooks';
import type { Actions } from '../model/actions.js';
import { startedMs, type Row } from '../model/dashboard.js';
import * as format from '../model/format.js';
import { Dialog } from './dialog.js';
import { workerName } from './session-grid.js';

export interface SessionDialogProps {
  /** As it is now, or as it was last seen. */
  readonly row: Row;
  readonly isGone: boolean;
  readonly nowMs: number;
  readonly hasGenerations: boolean;
  /** Ask at once, instead of showing the session first. */
  readonly asks: boolean;
  readonly actions: Actions;
  readonly onEnding: (id: string, isEnding: boolean) => void;
  readonly onEnded: (row: Row) => void;
  readonly onClose: () => void;
}

/** One session with all that is known of it, and the question whether to end it, which is asked once. */
export function SessionDialog(props: SessionDialogProps) {
  const { row, isGone, nowMs, hasGenerations, actions, onEnding, onEnded } = props;
  const [isAsking, setAsking] = useState(props.asks);
  const [isBusy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState('');
  const keep = useRef<HTMLButtonElement>(null);
  useEffect(() => keep.current?.focus(), [isAsking]);
  const name = format.target(row.host, row.port);
  const facts = <Facts row={row} nowMs={nowMs} hasGenerations={hasGenerations} />;
  // What becomes of it is told here, and nowhere else when it fails.
  const onClose = (): void => {
    if (!isBusy) props.onClose();
  };

  const end = async (): Promise<void> => {
    setBusy(true);
    setTrouble('');
    onEnding(row.id, true);
    const outcome = await actions.end(row.id);
    onEnding(row.id, false);
    if (outcome.ok) {
      onEnded(row);
      props.onClose();
      return;
    }
    setBusy(false);
    setTrouble(outcome.sentence);
  };

  if (isGone && !isBusy) {
    return (
      <Dialog title={`Session to ${name}`} onClose={onClose}>
        <p>This session has ended. How is in the list of operations.</p>
        {facts}
        <div class="buttons">
          <button type="button" onClick={onClose}>
            Close
          </button>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title={isAsking ? `End the session to ${name}?` : `Session to ${name}`} onClose={onClose}>
      {isAsking ? <p>Whoever uses it is disconnected at once, and can connect again.</p> : null}
      {facts}
      {trouble === '' ? null : (
        <p class="trouble" role="alert">
          {trouble}
        </p>
      )}
      <div class="buttons">
        <button type="button" ref={keep} onClick={onClose} disabled={isBusy}>
          {isAsking ? 'Keep it open' : 'Close'}
        </button>
        {isAsking ? (
          <button type="button" class="danger" onClick={() => void end()} disabled={isBusy}>
            {isBusy ? 'Ending …' : 'End session'}
          </button>
        ) : (
          <button type="button" class="danger-quiet" onClick={() => setAsking(true)}>
            End session …
          </button>
        )}
      </div>
    </Dialog>
  );
}

interface FactsProps {
  readonly row: Row;
  readonly nowMs: number;
  readonly hasGenerations: boolean;
}

function Facts({ row, nowMs, hasGenerations }: FactsProps) {
  const { endsAt, endsBecause, openedAt } = row;
  const facts: readonly (readonly [string, string])[] = [
    ['Conduit', format.plain(row.conduit)],
    ['Device', row.deviceId],
    ['State', row.approval === 'waiting' ? 'waiting for approval on site' : row.state],
    ['Begun', `${format.age(nowMs - startedMs(row))} ago`],
    ['Open since', openedAt === null ? 'not open yet' : format.clock(openedAt, nowMs)],
    ...(endsAt !== null ? [['Ends at', ending(endsAt, endsBecause, nowMs)] as const] : []),
    ['Up, to the cloud', `${format.bytes(row.uplinkBytes)}, ${format.rate(row.uplinkRate)}`],
    ['Down, to the target', `${format.bytes(row.downlinkBytes)}, ${format.rate(row.downlinkRate)}`],
    ['Worker', workerName(row, hasGenerations)],
    ['Session', row.id],
    ['Operation', row.operationId],
  ];
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function ending(endsAt: string, because: Row['endsBecause'], nowMs: number): string {
  const time = format.clock(endsAt, nowMs);
  if (because === 'window-end') return `${time}, with the window of its conduit`;
  return because === 'max-duration' ? `${time}, the longest it may last` : time;
}
