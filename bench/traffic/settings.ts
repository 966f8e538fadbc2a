/** What the system under test does, seen from here. */
export const ROLES = ['ws-server', 'ws-client', 'raw', 'self'] as const;

/**
 * - `ws-server`: it dials our WebSocket server and our target, as a device agent does;
 * - `ws-client`: it listens for WebSockets and dials our target, as websockify does;
 * - `raw`: it listens on TCP and dials our target, as a TCP proxy does;
 * - `self`: there is none; our target's end dials our WebSocket server. What this costs is what the generator costs.
 */
export type Role = (typeof ROLES)[number];

/** What sessions do. Directions are those of the device: up is from the target to the cloud. */
export const MODES = ['up', 'down', 'both', 'echo', 'churn', 'idle'] as const;

/**
 * - `up`, `down`, `both`: as many bytes as go through;
 * - `echo`: 64 bytes from the cloud, sent back by the target, then some time to think;
 * - `churn`: a session opens, carries 1 KiB each way, and closes; then the next one;
 * - `idle`: sessions open and stay.
 */
export type Mode = (typeof MODES)[number];

/** One run of the generator. */
export interface TrafficSettings {
  readonly role: Role;
  /** Port of the system under test, for the roles in which it listens. */
  readonly dialPort: number | undefined;
  /** The cloud's end is wss://, with a certificate made for this run. */
  readonly tls: boolean;
  readonly mode: Mode;
  /** Sessions at the same time; in `churn` so many are under way at once. */
  readonly sessions: number;
  /** So many of the sessions (the first ones) are `echo` whatever the mode is: typing beside bulk. */
  readonly echoSessions: number;
  /** From all sessions being up to the start of the measurement, in ms. */
  readonly warmUpMs: number;
  /** Length of the measurement, in ms. */
  readonly durationMs: number;
  /** Figures are given for windows of about this length, in ms: the measurement is a whole number of them. */
  readonly windowMs: number;
  /** Payload of one WebSocket frame of ours, in bytes. */
  readonly frameBytes: number;
  /** Bytes handed to the kernel at once. */
  readonly writeBytes: number;
  /** Mean time between an echo and the next ping of its session, in ms. */
  readonly thinkMs: number;
}

/** What is used where nothing else is asked for. */
export const DEFAULTS: TrafficSettings = {
  role: 'ws-server',
  dialPort: undefined,
  tls: false,
  mode: 'up',
  sessions: 8,
  echoSessions: 0,
  warmUpMs: 1_000,
  durationMs: 3_000,
  windowMs: 500,
  frameBytes: 65_536,
  writeBytes: 262_144,
  thinkMs: 2,
};

/** Largest numbers that make sense; they keep a slip of the keyboard from taking the machine. */
export const MOST = { sessions: 10_000, durationMs: 600_000, thinkMs: 10_000 } as const;
