import type { ExitCode } from '../exit-codes.js';

/** Why a command did not do its work, as `--json` tells it: one line, and the fields that every command has. */
export function refusalJson(exitCode: ExitCode, message: string, more: object = {}): string {
  return `${JSON.stringify({ ok: false, exitCode, message, ...more })}\n`;
}
