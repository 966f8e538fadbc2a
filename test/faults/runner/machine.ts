import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { SEARCH_PATH } from '../injectors/command.js';
import type { Need } from '../row.js';

/** Debian packages of the programs that rows need. */
const PACKAGES: Readonly<Record<Exclude<Need, 'root'>, string>> = {
  openssl: 'openssl',
  nft: 'nftables',
  tc: 'iproute2',
  ip: 'iproute2',
  strace: 'strace',
  prlimit: 'util-linux',
  faketime: 'faketime',
};

/** What this machine lets the runner do. */
export interface Machine {
  /** True when rows can have network and mount namespaces of their own. */
  readonly hasNamespaces: boolean;
  readonly programs: ReadonlySet<string>;
}

/** Looks once. Namespaces need root (or its capabilities), unshare(1) and ip(8). */
export function thisMachine(): Machine {
  const programs = new Set(Object.keys(PACKAGES).filter(isInstalled));
  const args = ['-n', '-m', '--', 'ip', 'link', 'set', 'lo', 'up'];
  const { status } = spawnSync('unshare', args, { stdio: 'ignore', env: { PATH: SEARCH_PATH } });
  return { hasNamespaces: status === 0, programs };
}

/** Why a row with these needs cannot run here; undefined when it can. */
export function obstacle(machine: Machine, needs: readonly Need[]): string | undefined {
  const needsRoot = needs.some((need) => need !== 'openssl');
  if (needsRoot && !machine.hasNamespaces) return 'needs root and network namespaces';
  const missing = needs.find((need) => need !== 'root' && !machine.programs.has(need));
  if (missing === undefined || missing === 'root') return undefined;
  return `needs ${missing} (Debian package ${PACKAGES[missing]})`;
}

function isInstalled(program: string): boolean {
  return SEARCH_PATH.split(':').some((folder) => {
    try {
      accessSync(path.join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
