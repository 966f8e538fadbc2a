import { fileURLToPath } from 'node:url';
import { quoted, TerminalScreen } from './terminal-screen.js';

/** The command as it is installed, seen from dist/test/helpers. */
export const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** Written by the shell behind the command's output. */
const END = 'ended with';

/** `gatehouse` on a real terminal. */
export class WizardTerminal extends TerminalScreen {
  constructor(args: readonly string[], cwd: string, env?: Readonly<Record<string, string>>) {
    const command = [process.execPath, MAIN, ...args].map(quoted).join(' ');
    // The terminal would be gone with the command, and its last words with it.
    super(['sh', '-c', `${command}; echo "${END} $?"; sleep 60`], cwd, env);
  }

  /** The exit code of the command. */
  async ended(): Promise<number> {
    const [, code] = await this.shows(new RegExp(`${END} (\\d+)`));
    return Number(code);
  }
}
