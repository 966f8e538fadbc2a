import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Actions } from '../model/actions.js';
import type { Dashboard, Row } from '../model/dashboard.js';
import type { StreamState } from '../model/event-stream.js';
import * as format from '../model/format.js';
import { Approvals } from './approvals.js';
import { Cloud } from './cloud.js';
import { Notices } from './notices.js';
import { Operations, type OperationFilter } from './operations.js';
import { Plots } from './plots.js';
import { Refusals } from './refusals.js';
import { Reloads } from './reloads.js';
import { SessionDialog } from './session-dialog.js';
import { Sessions } from './sessions.js';
import { Workers } from './workers.js';

/** How long the page says what was done, in ms. */
const SAID_MS = 6_000;

export interface PageProps {
  readonly dashboard: Dashboard;
  readonly stream: StreamState;
  readonly isOutdated: boolean;
  readonly actions: Actions;
}

interface Chosen {
  readonly row: Row;
  readonly asks: boolean;
}

/** Everything below the header. */
export function Page({ dashboard, stream, isOutdated, actions }: PageProps) {
  const [chosen, setChosen] = useState<Chosen>();
  const [ending, setEnding] = useState<ReadonlySet<string>>(new Set());
  const [filter, setFilter] = useState<OperationFilter>('all');
  const [said, say] = useSaid();
  const now = chosen === undefined ? undefined : dashboard.rows.get(chosen.row.id);
  const dayMs = useMemo(
    () => new Date(dashboard.atMs).setHours(0, 0, 0, 0),
    [Math.floor(dashboard.atMs / 60_000)],
  );
  const onFilter = (wanted: OperationFilter): void => {
    setFilter(wanted);
    document.getElementById('operations-title')?.scrollIntoView({ block: 'nearest' });
  };
  return (
    <main class={stream.kind === 'lost' ? 'stale' : ''}>
      <Notices dashboard={dashboard} stream={stream} isOutdated={isOutdated} />
      <Approvals dashboard={dashboard} actions={actions} onDecided={say} />
      <div class="columns">
        <div class="column">
          <Plots dashboard={dashboard} />
          <Sessions
            dashboard={dashboard}
            ending={ending}
            onOpen={(row) => setChosen({ row, asks: false })}
            onEnd={(row) => setChosen({ row, asks: true })}
          />
          <Operations operations={dashboard.operations} filter={filter} dayMs={dayMs} onFilter={setFilter} />
        </div>
        <div class="column side">
          <Refusals dashboard={dashboard} onFilter={onFilter} />
          <Cloud dashboard={dashboard} />
          <Reloads dashboard={dashboard} />
          <Workers dashboard={dashboard} />
        </div>
      </div>
      {chosen === undefined ? null : (
        <SessionDialog
          key={chosen.row.id}
          row={now ?? chosen.row}
          isGone={now === undefined}
          asks={chosen.asks}
          nowMs={dashboard.atMs}
          hasGenerations={dashboard.status.generations.length > 1}
          actions={actions}
          onEnding={(id, isEnding) => setEnding((before) => withOrWithout(before, id, isEnding))}
          onEnded={({ host, port }) => say(`The session to ${format.target(host, port)} was ended.`)}
          onClose={() => setChosen(undefined)}
        />
      )}
      <p class="said" role="status">
        {said}
      </p>
    </main>
  );
}

/** A sentence that goes by itself, and what sets it. */
function useSaid(): readonly [said: string, say: (sentence: string) => void] {
  // An object, so that the same sentence can be said again.
  const [said, setSaid] = useState({ sentence: '' });
  useEffect(() => {
    if (said.sentence === '') return undefined;
    const timer = setTimeout(() => setSaid({ sentence: '' }), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  return [said.sentence, (sentence) => setSaid({ sentence })];
}

function withOrWithout(set: ReadonlySet<string>, id: string, isIn: boolean): ReadonlySet<string> {
  const next = new Set(set);
  if (isIn) next.add(id);
  else next.delete(id);
  return next;
}
