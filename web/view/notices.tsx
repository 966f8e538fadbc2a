import type { ComponentChildren } from 'preact';
import type { Dashboard } from '../model/dashboard.js';
import type { StreamState } from '../model/event-stream.js';
import * as format from '../model/format.js';

export interface NoticesProps {
  readonly dashboard: Dashboard;
  readonly stream: StreamState;
  /** The agent is of another version than when the page was opened. */
  readonly isOutdated: boolean;
}

/** What is out of the ordinary, each with what it means and what to do. */
export function Notices({ dashboard, stream, isOutdated }: NoticesProps) {
  const { status, atMs } = dashboard;
  const elders = status.generations.filter(({ generation }) => generation !== newest(status.generations));
  const kept = elders.reduce((sum, { sessions }) => sum + (sessions ?? 0), 0);
  return (
    <div class="notices">
      {stream.kind === 'lost' ? (
        <Notice kind="warn">
          <strong>{format.sentence(stream.reason)}</strong> What you see is of{' '}
          {format.clock(new Date(atMs).toISOString(), atMs)}, and this page cannot know what has happened
          since. It tries again by itself.
        </Notice>
      ) : null}
      {status.switch.state === 'off' ? (
        <Notice kind="bad">
          <strong>Remote access is switched off on site.</strong>{' '}
          {format.sentence(status.switch.reason ?? '')} No session can be opened until it is switched on
          again.
        </Notice>
      ) : null}
      {status.cloud.state === 'disconnected' ? (
        <Notice kind="bad">
          <strong>The cloud is not connected.</strong> {format.sentence(status.cloud.reason ?? '')} Nobody can
          open a session until it is; open ones go on. <code>gatehouse check</code> tells what to repair.
        </Notice>
      ) : null}
      {status.draining ? (
        <Notice kind="warn">
          <strong>The gateway is draining.</strong> It takes no new sessions and ends with the last one.
        </Notice>
      ) : null}
      {status.reload?.outcome === 'refused' ? (
        <Notice kind="warn">
          <strong>The last reload was refused; the configuration before it holds.</strong>{' '}
          {format.sentence(status.reload.problems[0] ?? '')}{' '}
          {status.reload.problems.length > 1 ? `And ${status.reload.problems.length - 1} more. ` : ''}
          <code>gatehouse check</code> shows what to change.
        </Notice>
      ) : null}
      {elders.length > 0 ? (
        <Notice kind="plain">
          The configuration was reloaded. {format.many(kept, 'session')} from before{' '}
          {kept === 1 ? 'goes' : 'go'} on in {elders.length === 1 ? 'an older process' : 'older processes'}.
        </Notice>
      ) : null}
      {isOutdated ? (
        <Notice kind="plain">
          The gateway runs version {status.version} now.{' '}
          <button type="button" onClick={() => location.reload()}>
            Load this page again
          </button>
        </Notice>
      ) : null}
    </div>
  );
}

function newest(generations: Dashboard['status']['generations']): number {
  return generations.at(-1)?.generation ?? 0;
}

interface NoticeProps {
  readonly kind: 'plain' | 'warn' | 'bad';
  readonly children: ComponentChildren;
}

function Notice({ kind, children }: NoticeProps) {
  return (
    <p class={`notice notice-${kind}`} role={kind === 'plain' ? undefined : 'status'}>
      {children}
    </p>
  );
}
