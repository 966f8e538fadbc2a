import type { Range } from './range.js';

/** A request and its answer, as often as `repeat` says before the next turn of the stream. */
export interface Turn {
  readonly repeat: number;
  /** Payload from the cloud's end to the target, in bytes. */
  readonly requestBytes: Range;
  /** Payload of the answer, in bytes. */
  readonly responseBytes: Range;
}

/** Requests of one kind within a session. */
export interface Stream {
  /** Taken in order and again from the beginning; each session starts at a place of its own. */
  readonly turns: readonly Turn[];
  /** From one request to the next, in ms; 0 = as soon as `outstanding` permits. */
  readonly everyMs: Range;
  /** Requests without an answer at a time; the next one waits, and its latency counts from when it was due. */
  readonly outstanding: number;
}

/** What the sessions of a run do. */
export interface Profile {
  readonly summary: string;
  readonly streams: readonly Stream[];
  /** Sessions that end by plan after so many requests and are replaced; absent = they last until the run ends. */
  readonly page?: {
    readonly requests: Range;
    /** From the end of a session until its successor is asked for, in ms. */
    readonly pauseMs: Range;
  };
}

const KIB = 1_024;

/** The traffic that can be asked for. Every session of every profile opens with a small exchange of its own. */
export const PROFILES = {
  bulk: {
    summary: 'file transfer: 1 MiB down and 1 MiB up in turn, as fast as it goes',
    streams: [
      {
        // 1 MiB is larger than every buffer on the way, so each turn meets back-pressure.
        turns: [
          { repeat: 1, requestBytes: exactly(0), responseBytes: exactly(1_024 * KIB) },
          { repeat: 1, requestBytes: exactly(1_024 * KIB), responseBytes: exactly(0) },
        ],
        everyMs: exactly(0),
        // Two, so that the tunnel is never empty while an answer travels, and both directions are busy at once.
        outstanding: 2,
      },
    ],
  },
  vnc: {
    summary: 'remote desktop: framebuffer updates of 20 to 120 KiB ten times a second, pointer events',
    streams: [
      {
        // 10 bytes are RFB's FramebufferUpdateRequest; an operator panel compresses to tens of KiB per update, and
        // viewers ask about ten times a second. Four in flight: a viewer pipelines a little, then drops its rate.
        turns: [{ repeat: 1, requestBytes: exactly(10), responseBytes: { from: 20 * KIB, to: 120 * KIB } }],
        everyMs: exactly(100),
        outstanding: 4,
      },
      {
        // 6 bytes are RFB's PointerEvent; a moving mouse sends them at some 20 to 60 a second.
        turns: [{ repeat: 1, requestBytes: exactly(6), responseBytes: exactly(0) }],
        everyMs: { from: 15, to: 50 },
        outstanding: 16,
      },
    ],
  },
  ssh: {
    summary: 'terminal: keystrokes with echo each 100 to 400 ms, now and then 8 to 64 KiB of output',
    streams: [
      {
        // 1 to 60 bytes: a key, or an escape sequence inside an SSH packet. A command ends after some 30 of them, and
        // its output is a screen or a short log.
        turns: [
          { repeat: 30, requestBytes: { from: 1, to: 60 }, responseBytes: { from: 1, to: 60 } },
          { repeat: 1, requestBytes: { from: 1, to: 60 }, responseBytes: { from: 8 * KIB, to: 64 * KIB } },
        ],
        // People type 2 to 8 characters a second.
        everyMs: { from: 100, to: 400 },
        outstanding: 8,
      },
    ],
  },
  http: {
    summary: 'web pages of an HMI: a new session for each, 1 to 4 requests of 2 to 200 KiB, then closed',
    streams: [
      {
        // 400 bytes of request headers are usual; small icons to a large script come back.
        turns: [
          {
            repeat: 1,
            requestBytes: { from: 200, to: 600 },
            responseBytes: { from: 2 * KIB, to: 200 * KIB },
          },
        ],
        everyMs: exactly(0),
        // One after the other, as HTTP/1.1 has it.
        outstanding: 1,
      },
    ],
    // Shorter than a person reads, so that 100 sessions already mean some 150 set-ups a second.
    page: { requests: { from: 1, to: 4 }, pauseMs: { from: 200, to: 1_000 } },
  },
  plc: {
    summary: 'PLC tool polling: requests and answers of 50 to 250 bytes each 50 to 200 ms',
    streams: [
      {
        // An S7 or Modbus/TCP PDU is at most some 250 bytes; engineering tools refresh 5 to 20 times a second and wait
        // for each answer.
        turns: [{ repeat: 1, requestBytes: { from: 50, to: 250 }, responseBytes: { from: 50, to: 250 } }],
        everyMs: { from: 50, to: 200 },
        outstanding: 1,
      },
    ],
  },
  idle: {
    summary: 'sessions that are opened and held: keep-alive only',
    streams: [],
  },
} satisfies Readonly<Record<string, Profile>>;

export type ProfileName = keyof typeof PROFILES;

/** The names, in the order of the table. */
export const PROFILE_NAMES = Object.keys(PROFILES) as readonly ProfileName[];

/** The profile of a name, with its optional parts. */
export function profileOf(name: ProfileName): Profile {
  return PROFILES[name];
}

/** Payload of one session, in bytes a second per direction, where the profile sets the pace; 0 where it does not. */
export function expectedBytesPerSecond(profile: Profile): { readonly down: number; readonly up: number } {
  let down = 0;
  let up = 0;
  for (const { turns, everyMs } of profile.streams) {
    const perSecond = mean(everyMs) === 0 ? 0 : 1_000 / mean(everyMs);
    const repeats = turns.reduce((sum, { repeat }) => sum + repeat, 0);
    for (const { repeat, requestBytes, responseBytes } of turns) {
      down += (perSecond * repeat * mean(requestBytes)) / repeats;
      up += (perSecond * repeat * mean(responseBytes)) / repeats;
    }
  }
  return { down, up };
}

/** True when nothing in the profile bounds its rate. */
export function isSaturating({ streams, page }: Profile): boolean {
  return page === undefined && streams.some(({ everyMs }) => everyMs.to === 0);
}

function exactly(value: number): Range {
  return { from: value, to: value };
}

function mean({ from, to }: Range): number {
  return (from + to) / 2;
}
