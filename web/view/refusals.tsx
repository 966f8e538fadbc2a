import type { Dashboard } from '../model/dashboard.js';
import * as format from '../model/format.js';
import type { OperationFilter } from './operations.js';

export interface RefusalsProps {
  readonly dashboard: Dashboard;
  readonly onFilter: (filter: OperationFilter) => void;
}

/** How often operations were refused or failed, by code; a click shows the operations. */
export function Refusals({ dashboard: { refusals, atMs }, onFilter }: RefusalsProps) {
  const most = Math.max(1, ...refusals.map(({ count }) => count));
  return (
    <section class="card" aria-labelledby="refusals-title">
      <div class="card-head">
        <h2 id="refusals-title">Refused or failed, by code</h2>
      </div>
      {refusals.length === 0 ? (
        <div class="empty">
          <p>Nothing was refused since the agent started.</p>
        </div>
      ) : (
        <ul class="refusals">
          {refusals.map(({ code, count, lastAt }) => (
            <li key={code}>
              <button
                type="button"
                class="refusal"
                onClick={() => onFilter(code)}
                title="Show these operations"
              >
                <span class="refusal-bar" style={{ width: `${(100 * count) / most}%` }} aria-hidden="true" />
                <code>{code}</code>
                <span class="muted">last {format.clock(lastAt, atMs)}</span>
                <strong class="number">{count.toLocaleString('en')}</strong>
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
