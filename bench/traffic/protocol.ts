import type { Result, Span } from './measurement.js';

/** What the generator prints, one JSON document per line, in this order. */
export type TrafficLine =
  /** It listens; `ca` (PEM) is there with TLS. For roles in which it dials it now waits for a line on its input. */
  | { readonly event: 'ready'; readonly cloudPort: number; readonly targetPort: number; readonly ca?: string }
  /** All sessions are up. */
  | { readonly event: 'up'; readonly seconds: number }
  /** The measurement begins now. */
  | { readonly event: 'start' }
  /** A window of the measurement ends now. */
  | { readonly event: 'window'; readonly window: Span }
  /** The measurement has ended with the last window. The sessions stay until the input is closed. */
  | { readonly event: 'result'; readonly result: Result }
  /** It did not work; the process ends with 1. */
  | { readonly event: 'error'; readonly message: string };

/** One line, read. @throws Error when it is none of these. */
export function readTrafficLine(line: string): TrafficLine {
  const value: unknown = JSON.parse(line);
  if (typeof value === 'object' && value !== null && 'event' in value) return value as TrafficLine;
  throw new Error(`the traffic generator printed ${line.slice(0, 80)}`);
}
