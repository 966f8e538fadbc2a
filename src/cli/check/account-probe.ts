import { readFileSync } from 'node:fs';
import type { Probe } from './probe.js';
import { command, word } from './setting.js';

/** The user that the unit of the package runs the agent as. */
const SERVICE_USER = 'gatehouse';

/** Who runs the check, and who there is. */
export interface Accounts {
  readonly uid: number | undefined;
  /** Content of /etc/passwd. */
  readonly users: string;
}

/** For root, who may write everywhere, the command that checks for the user of the service; nothing elsewhere. */
export function accountProbes({ uid, users }: Accounts = accountsHere()): readonly Probe[] {
  if (uid !== 0 || !users.split('\n').some((line) => line.startsWith(`${SERVICE_USER}:`))) return [];
  const probe: Probe = {
    id: 'account',
    title: 'account',
    deadlineMs: 5_000,
    needs: [],
    run: ({ origin }) => {
      const config = origin.file === undefined ? '' : ` --config ${word(origin.file)}`;
      const check = `sudo runuser -u ${SERVICE_USER} -- gatehouse check${config}`;
      return Promise.resolve({
        status: 'ok',
        detail: `root, who may read and write more than ${SERVICE_USER}, the user of the service`,
        fixes: [command('judge files and directories for that user', check)],
      });
    },
  };
  return [probe];
}

function accountsHere(): Accounts {
  const uid = process.geteuid?.();
  try {
    return { uid, users: readFileSync('/etc/passwd', 'utf8') };
  } catch {
    return { uid, users: '' };
  }
}
