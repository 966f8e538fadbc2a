import type { Dashboard } from '../model/dashboard.js';
import type { StreamState } from '../model/event-stream.js';
import * as format from '../model/format.js';

export interface HeaderProps {
  readonly dashboard: Dashboard | undefined;
  readonly stream: StreamState;
}

/** Which gateway this is, and whether all is well with it. */
export function Header({ dashboard, stream }: HeaderProps) {
  const status = dashboard?.status;
  return (
    <header class={`bar ${stream.kind === 'lost' ? 'stale' : ''}`}>
      {dashboard === undefined ? null : (
        <a class="skip" href="#sessions-title">
          Skip to the sessions
        </a>
      )}
      <img src="/icon.svg" alt="" width="24" height="24" />
      <h1>
        <span class="product">Gatehouse</span> <span class="device">{status?.device ?? ''}</span>
      </h1>
      {status === undefined ? null : <CloudPill cloud={status.cloud} />}
      {status === undefined || status.switch.state === 'none' ? null : (
        <Pill
          kind={status.switch.state === 'on' ? 'good' : 'bad'}
          text={status.switch.state === 'on' ? 'Remote access is on' : 'Remote access is switched off'}
        />
      )}
      <span class="gap" />
      {status === undefined ? null : (
        <span class="version">
          {status.version} · up {format.age(status.uptimeSeconds * 1_000)}
        </span>
      )}
      <Pill kind={stream.kind === 'live' ? 'good' : 'waiting'} text={STREAM[stream.kind]} />
    </header>
  );
}

const STREAM: Readonly<Record<StreamState['kind'], string>> = {
  connecting: 'Connecting',
  live: 'Live',
  lost: 'Reconnecting',
  locked: 'Locked',
};

function CloudPill({ cloud: { state, url } }: { readonly cloud: Dashboard['status']['cloud'] }) {
  const host = hostOf(url);
  return state === 'connected' ? (
    <Pill kind="good" text="Cloud connected" more={host} />
  ) : (
    <Pill kind="bad" text="Cloud disconnected" more={host} />
  );
}

/** The name without the rest, as far as it is a URL. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

interface PillProps {
  readonly kind: 'good' | 'bad' | 'waiting';
  readonly text: string;
  readonly more?: string;
}

function Pill({ kind, text, more }: PillProps) {
  return (
    <span class={`pill pill-${kind}`}>
      <span class="dot" aria-hidden="true" />
      {text}
      {more === undefined ? null : <span class="more">{more}</span>}
    </span>
  );
}
