import { isatty } from 'node:tty';
import { pino } from 'pino';
import type { Config } from '../config/config.js';
import { prettyLine } from './log-format.js';
import { LogSampler } from './log-sampler.js';
import { LogSink, descriptorOutput } from './log-sink.js';
import type { LogOutput } from './log-sink.js';
import type { Redactor } from './redaction.js';

/** The line that tells how many lines of a message were left out. */
const DROPPED = 'log lines were left out: too many of one message';

/** What every part of the agent logs to: fields first, then a short fixed message. */
export type Log = pino.Logger;

export interface LogOptions {
  readonly level: Config['log']['level'];
  readonly format: Config['log']['format'];
  /** Every line passes it as the last step before the destination. */
  readonly redactor: Redactor;
  /** Default: standard output. */
  readonly destination?: LogOutput;
  /** Whether pretty lines are coloured. Default: standard output is a terminal and NO_COLOR is not set. */
  readonly isColoured?: boolean;
}

export interface LogWithSink {
  readonly log: Log;
  /** For the count of dropped lines, and `flushSync()` before the process exits. */
  readonly sink: LogSink;
}

/**
 * The log of the process: one JSON object per line, `{"level":"info","time":"2026-01-02T03:04:05.678Z",…,"msg":…}`, or
 * one readable line. The level can be changed later by `log.level = …`.
 */
export function createLog(options: LogOptions): LogWithSink {
  const { level, format, redactor, destination = descriptorOutput(1) } = options;
  const isColoured = options.isColoured ?? (isatty(1) && (process.env.NO_COLOR ?? '') === '');
  const formatted = (line: string): string => (format === 'pretty' ? prettyLine(line, isColoured) : line);
  const sink = new LogSink(destination, (dropped) =>
    formatted(
      `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), dropped, msg: 'log lines were lost' })}\n`,
    ),
  );
  const sampler = new LogSampler({
    now: () => performance.now(),
    onDropped: (message, dropped) => log.warn({ of: message, dropped }, DROPPED),
  });
  const log: Log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: {
        logMethod(values, method) {
          const [fields, message] = values as readonly unknown[];
          const text = typeof fields === 'string' ? fields : message;
          if (typeof text !== 'string' || text === DROPPED || sampler.admits(text))
            method.apply(this, values);
        },
      },
    },
    { write: (line) => sink.write(withLineBreak(redactor.redact(formatted(line)))) },
  );
  return { log, sink };
}

/** The redactor cuts enormous lines, and with them their end. */
function withLineBreak(line: string): string {
  return line.endsWith('\n') ? line : `${line}\n`;
}
