import { render } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ApprovalView } from '../src/admin/backend.js';
import { actionsOf } from './model/actions.js';
import { waitingOf } from './model/approval-list.js';
import { watchApprovals } from './model/approval-watch.js';
import { fromSnapshot, withApprovals, withChanges, type Dashboard } from './model/dashboard.js';
import { EventStream, type StreamState } from './model/event-stream.js';
import { Header } from './view/header.js';
import { Page } from './view/page.js';
import { remember, remembered } from './view/session-memory.js';
import { TokenForm } from './view/token-form.js';
import { useWatched } from './view/use-watched.js';

/**
 * How long a page out of sight goes on listening, in ms. A browser has six connections to one address, for all of its
 * tabs together, and each page that listens holds one.
 */
const HIDDEN_GRACE_MS = 10_000;

/** How often a page out of sight asks who waits for approval, in ms. */
const HIDDEN_ASK_MS = 10_000;

/** The dashboard: follows the agent's events and shows what they say. */
function App() {
  // An object, so that the same token can be tried again.
  const [login, setLogin] = useState(() => ({ token: remembered('token') }));
  const [stream, setStream] = useState<StreamState>({ kind: 'connecting' });
  const [dashboard, setDashboard] = useState<Dashboard>();
  const firstVersion = useRef<string | undefined>(undefined);
  const actions = useMemo(() => actionsOf({ token: login.token }), [login]);
  const isWatched = useWatched(HIDDEN_GRACE_MS);
  /** What the agent has refused: it is not tried again, however often the page comes into sight. */
  const refused = useRef<typeof login | undefined>(undefined);

  useEffect(() => {
    if (refused.current === login) return undefined;
    if (!isWatched) {
      const end = new AbortController();
      const onApprovals = (approvals: readonly ApprovalView[]): void =>
        setDashboard((before) => (before === undefined ? before : withApprovals(before, approvals)));
      const asked = { url: '/api/approvals', token: login.token, everyMs: HIDDEN_ASK_MS, onApprovals };
      void watchApprovals(asked, end.signal);
      return () => end.abort();
    }
    const events = new EventStream({
      url: '/api/events',
      token: login.token,
      onSnapshot: (snapshot) => setDashboard((before) => fromSnapshot(snapshot, before)),
      onChanges: (changes) =>
        setDashboard((before) => (before === undefined ? before : withChanges(before, changes))),
      onState: (state) => {
        if (state.kind === 'locked') refused.current = login;
        setStream(state);
      },
    });
    void events.run();
    return () => events.stop();
  }, [login, isWatched]);

  const title = dashboard === undefined ? 'Gatehouse' : titleOf(dashboard, isWatched);
  useEffect(() => {
    document.title = title;
  }, [title]);

  const version = dashboard?.status.version;
  firstVersion.current ??= version;
  if (stream.kind === 'locked') {
    return (
      <>
        <Header dashboard={undefined} stream={stream} />
        <TokenForm
          reason={stream.reason}
          isAgain={login.token !== undefined}
          onToken={(given) => {
            remember('token', given);
            setStream({ kind: 'connecting' });
            setLogin({ token: given });
          }}
        />
      </>
    );
  }
  return (
    <>
      <Header dashboard={dashboard} stream={stream} />
      {dashboard === undefined ? (
        <main class="lock">
          <p role="status">
            {stream.kind === 'lost' ? `${stream.reason} Trying again …` : 'Asking the agent …'}
          </p>
        </main>
      ) : (
        <Page
          dashboard={dashboard}
          stream={stream}
          isOutdated={firstVersion.current !== version}
          actions={actions}
        />
      )}
    </>
  );
}

/** How many wait comes first: a tab shows little of its title. How many sessions there are is known only in sight. */
function titleOf({ approvals, rows, status }: Dashboard, isWatched: boolean): string {
  const waiting = waitingOf(approvals).length;
  const sessions = isWatched ? `${rows.size} · ` : '';
  return `${waiting > 0 ? `(${waiting}) ` : ''}${sessions}${status.device} · Gatehouse`;
}

const place = document.getElementById('app');
if (place !== null) render(<App />, place);
