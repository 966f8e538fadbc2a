import { existsSync } from 'node:fs';

/** The configuration of the service. */
const SERVICE_FILE = '/etc/gatehouse/gatehouse.yaml';

/**
 * What starts the agent with a configuration, given as `--config` named it: the service where that is its file, so that
 * nobody runs it as root.
 *
 * @param hasSystemd as sd_booted(3) finds out.
 */
export function startCommand(
  file: string | undefined,
  hasSystemd = existsSync('/run/systemd/system'),
): string {
  if (file === SERVICE_FILE && hasSystemd) return 'systemctl start gatehouse';
  return `gatehouse run${file === undefined ? '' : ` --config ${file}`}`;
}
