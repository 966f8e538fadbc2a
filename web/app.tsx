import { render } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { actionsOf } from './model/actions.js';
import { fromSnapshot, withChanges, type Dashboard } from './model/dashboard.js';
import { EventStream, type StreamState } from './model/event-stream.js';
import { Header } from './view/header.js';
import { Page } from './view/page.js';
import { remember, remembered } from './view/session-memory.js';
import { TokenForm } from './view/token-form.js';

/** The dashboard: follows the agent's events and shows what they say. */
function App() {
  // An object, so that the same token can be tried again.
  const [login, setLogin] = useState(() => ({ token: remembered('token') }));
  const [stream, setStream] = useState<StreamState>({ kind: 'connecting' });
  const [dashboard, setDashboard] = useState<Dashboard>();
  const firstVersion = useRef<string | undefined>(undefined);
  const actions = useMemo(() => actionsOf(login.token), [login]);

  useEffect(() => {
    const events = new EventStream({
      url: '/api/events',
      token: login.token,
      onSnapshot: (snapshot) => setDashboard((before) => fromSnapshot(snapshot, before)),
      onChanges: (changes) =>
        setDashboard((before) => (before === undefined ? before : withChanges(before, changes))),
      onState: setStream,
    });
    void events.run();
    return () => events.stop();
  }, [login]);

  useEffect(() => {
    const { status, rows } = dashboard ?? {};
    if (status !== undefined) document.title = `${rows?.size ?? 0} · ${status.device} · Gatehouse`;
  }, [dashboard?.rows.size, dashboard?.status.device]);

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

const place = document.getElementById('app');
if (place !== null) render(<App />, place);
