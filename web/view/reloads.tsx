import type { ReloadView } from '../../src/admin/backend.js';
import type { Dashboard } from '../model/dashboard.js';
import * as format from '../model/format.js';

/** What the last reloads changed. Nothing where there was none since the start. */
export function Reloads({ dashboard: { reloads, atMs } }: { readonly dashboard: Dashboard }) {
  if (reloads.length === 0) return null;
  return (
    <section class="card" aria-labelledby="reloads-title">
      <div class="card-head">
        <h2 id="reloads-title">Configuration reloads</h2>
      </div>
      <ol class="reloads" aria-label="Reloads of the configuration, newest first" tabIndex={0}>
        {[...reloads].reverse().map((reload) => (
          <Reload key={reload.at} reload={reload} nowMs={atMs} />
        ))}
      </ol>
    </section>
  );
}

function Reload({ reload, nowMs }: { readonly reload: ReloadView; readonly nowMs: number }) {
  const { at, outcome, changes, changed, sessionsEnded, problems } = reload;
  const isRefused = outcome === 'refused';
  return (
    <li>
      <time dateTime={at}>{format.clock(at, nowMs)}</time>{' '}
      <span class={isRefused ? 'bad' : 'good'}>
        {isRefused
          ? 'refused, the one before holds'
          : changed === 0
            ? 'nothing changed'
            : format.many(changed, 'change')}
      </span>
      <ul>
        {problems.map((problem) => (
          <li key={problem}>{format.sentence(problem)}</li>
        ))}
        {changes.map(({ key, from, to, at: place = '' }) => (
          <li key={`${place} ${key}`}>
            <code>{format.plain(key)}</code> {format.plain(from)} <span aria-hidden="true">→</span>
            <span class="hidden"> becomes</span> {format.plain(to)}
          </li>
        ))}
        {sessionsEnded > 0 ? (
          <li>{format.many(sessionsEnded, 'session')} ended that no longer complied</li>
        ) : null}
        {changed > changes.length ? (
          <li class="muted">and {changed - changes.length} more, in the log</li>
        ) : null}
      </ul>
    </li>
  );
}
