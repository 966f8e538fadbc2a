import type { LinkChange } from '../../src/admin/backend.js';
import type { Dashboard } from '../model/dashboard.js';
import * as format from '../model/format.js';
import { hostOf } from './header.js';

/** The control connection to the cloud: how it is, and how it was. */
export function Cloud({ dashboard: { status, links, atMs } }: { readonly dashboard: Dashboard }) {
  const { cloud, totals } = status;
  const changes = [...links].reverse();
  return (
    <section class="card" aria-labelledby="cloud-title">
      <div class="card-head">
        <h2 id="cloud-title">Cloud link</h2>
        <span class="gap" />
        <span class="muted">{hostOf(cloud.url)}</span>
      </div>
      <ol class="links" aria-label="History of the cloud link, newest first" tabIndex={0}>
        {changes.map((change, index) => (
          <Link key={change.at} change={change} until={changes[index - 1]?.at} nowMs={atMs} />
        ))}
        {changes.length === 0 ? <li class="muted">Not connected yet; the first try is under way.</li> : null}
      </ol>
      {totals.statusOutbox === 0 ? null : (
        <p class="aside">
          {format.many(totals.statusOutbox, 'operation')} with a status that the cloud does not have yet.
        </p>
      )}
    </section>
  );
}

interface LinkProps {
  readonly change: LinkChange;
  /** When the state ended; undefined when it lasts. */
  readonly until: string | undefined;
  readonly nowMs: number;
}

function Link({ change: { at, state, reason }, until, nowMs }: LinkProps) {
  const ms = (until === undefined ? nowMs : Date.parse(until)) - Date.parse(at);
  return (
    <li>
      <time dateTime={at}>{format.clock(at, nowMs)}</time>
      <span class={state === 'connected' ? 'good' : 'bad'}>{state}</span>
      <span class="muted lasting">
        {until === undefined ? 'for ' : ''}
        {format.age(ms)}
      </span>
      {reason === undefined ? null : <span class="why muted">{format.plain(reason)}</span>}
    </li>
  );
}
