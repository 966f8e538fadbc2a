import { statSync } from 'node:fs';
import path from 'node:path';
import { THIN_EDGE_DIRECTORY } from '../../config/thin-edge-schema.js';
import { EXIT, type ExitCode } from '../../exit-codes.js';
import { printable, Terminal, type Io } from '../terminal.js';
import { OperationFile, ownChildren, type OperationFileState } from './operation-file.js';

export type ThinEdgeAction = 'install' | 'remove' | 'status';

export interface ThinEdgeFlags {
  /** Default: TEDGE_CONFIG_DIR, else /etc/tedge. */
  readonly configDir?: string | undefined;
  /** External ids of children; the gateway is always meant too. Default: for remove all whose file is ours, else none. */
  readonly child?: readonly string[] | undefined;
  readonly json?: boolean | undefined;
}

/** What became of one file. */
interface Line {
  /** External id of the child; undefined for the gateway. */
  readonly device: string | undefined;
  readonly file: string;
  readonly state: OperationFileState;
  readonly changed: boolean;
  readonly text: string;
}

/** The mapper reads operation files when it starts. */
const RESTART = 'restart the mapper, so that it reads them: sudo systemctl restart tedge-mapper-c8y';

/**
 * `gatehouse thin-edge install|remove|status`: the file by which thin-edge.io declares remote access for the gateway and
 * for children without serving it. Gives the exit code: 0 done (for status: all of them only declare), 1 otherwise.
 */
export function thinEdge(action: ThinEdgeAction, flags: ThinEdgeFlags, io: Io): ExitCode {
  const fromEnvironment = io.env.TEDGE_CONFIG_DIR ?? '';
  const written = flags.configDir ?? (fromEnvironment === '' ? THIN_EDGE_DIRECTORY : fromEnvironment);
  const directory = path.resolve(io.cwd, written);
  const children = [...new Set(flags.child ?? [])];
  const bad = children.find((child) => !isFolderName(child));
  if (bad !== undefined)
    return complain(
      io,
      EXIT.usage,
      `--child "${printable(bad)}" is no external id that thin-edge.io can have.`,
    );
  const operations = path.join(directory, 'operations', 'c8y');
  if (statSync(operations, { throwIfNoEntry: false })?.isDirectory() !== true) {
    const advice =
      'Is thin-edge.io installed here? `sudo tedge init` makes it; --config-dir names another place.';
    return complain(io, EXIT.failed, `${operations} is no directory. ${advice}`);
  }
  try {
    const all = action === 'remove' && children.length === 0 ? ownChildren(directory) : children;
    const files = [undefined, ...all].map((child) => new OperationFile(directory, child));
    return tell(
      action,
      files.map((file) => ACTIONS[action](file)),
      flags,
      io,
    );
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const advice = ['EACCES', 'EPERM', 'EROFS'].includes(code) ? ' Run it as root (sudo).' : '';
    return complain(io, EXIT.failed, `The operation files cannot be written (${code}).${advice}`);
  }
}

const ACTIONS: Readonly<Record<ThinEdgeAction, (file: OperationFile) => Line>> = {
  install: (file) => {
    const before = file.state();
    if (before.state === 'unusable')
      return line(file, false, `cannot be used: ${before.detail ?? ''}; move it away`);
    const changed = file.install();
    if (!changed) return line(file, false, 'only declares already');
    const kept =
      file.hasBackup && before.state !== 'missing' ? `; what was there is kept in ${file.backup}` : '';
    return line(file, true, `declares from now on${kept}`);
  },
  remove: (file) => {
    const hadBackup = file.hasBackup;
    if (file.remove()) return line(file, true, hadBackup ? 'is what it was before' : 'is gone');
    const { state } = file.state();
    return line(file, false, state === 'missing' ? 'is not there' : 'is not ours and stays as it is');
  },
  status: (file) => {
    const { state, detail } = file.state();
    return line(file, false, STATE_TEXTS[state] + (detail === undefined ? '' : ` (${detail})`));
  },
};

const STATE_TEXTS: Readonly<Record<OperationFileState, string>> = {
  ours: 'only declares; Gatehouse can serve it',
  declared: 'only declares (not written by gatehouse); Gatehouse can serve it',
  stock: 'runs the plug-in of thin-edge.io, which would open every session a second time',
  program: 'runs another program, which would answer every operation a second time',
  missing: 'is missing, so the cloud offers no remote access for it',
  unusable: 'cannot be used',
};

function line(file: OperationFile, changed: boolean, text: string): Line {
  return { device: file.child, file: file.path, state: file.state().state, changed, text };
}

function tell(action: ThinEdgeAction, lines: readonly Line[], { json }: ThinEdgeFlags, io: Io): ExitCode {
  const isGood = ({ state }: Line): boolean => state === 'ours' || state === 'declared';
  const isDone = action === 'remove' || lines.every(isGood);
  const todo = advice(action, lines, isDone);
  if (json === true) {
    io.stdout.write(`${JSON.stringify({ ok: isDone, files: lines, todo: todo ?? null }, null, 2)}\n`);
    return isDone ? EXIT.done : EXIT.failed;
  }
  const terminal = new Terminal(io.stdout, io.env);
  for (const one of lines) {
    const isFine = action === 'remove' || isGood(one);
    const mark =
      terminal.paint(isFine ? 'green' : 'red', isFine ? 'ok' : 'failed') + (isFine ? '       ' : '   ');
    const device = one.device === undefined ? 'the gateway' : `child ${printable(one.device)}`;
    terminal.line(`${mark}${device}: ${printable(one.file)} ${printable(one.text)}`);
  }
  if (todo !== undefined) terminal.line(`${terminal.paint('yellow', 'to do:')}   ${todo}`);
  return isDone ? EXIT.done : EXIT.failed;
}

function advice(action: ThinEdgeAction, lines: readonly Line[], isDone: boolean): string | undefined {
  if (action !== 'status') return lines.some(({ changed }) => changed) ? RESTART : undefined;
  return isDone
    ? undefined
    : 'sudo gatehouse thin-edge install (with --child for each child), then restart the mapper';
}

/** thin-edge.io keeps the operations of a child in a folder named by its external id. */
function isFolderName(child: string): boolean {
  return (
    child !== '' &&
    child !== '.' &&
    child !== '..' &&
    !/[/\p{Cc}]/u.test(child) &&
    Buffer.byteLength(child) <= 200
  );
}

function complain(io: Io, exitCode: ExitCode, sentence: string): ExitCode {
  new Terminal(io.stderr, io.env).line(printable(sentence));
  return exitCode;
}
