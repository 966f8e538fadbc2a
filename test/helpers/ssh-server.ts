import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { eventually } from './eventually.js';
import { closedPort } from './closed-port.js';
import { findProgram, runProgram } from './programs.js';

/**
 * An OpenSSH server of this test alone: its own port on 127.0.0.1, host key and configuration; the user who runs the
 * tests logs in with a key made for it. Nothing of the system's server is touched or read.
 */
export class SshServer {
  private constructor(
    /** For the test's own files as well; removed by stop(). */
    readonly folder: string,
    readonly port: number,
    private readonly child: ChildProcess,
  ) {}

  static async start(): Promise<SshServer> {
    const program = findProgram('sshd') ?? assert.fail('sshd is not installed');
    const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-ssh-'));
    for (const key of ['host-key', 'user-key']) {
      const { code, stderr } = await runProgram('ssh-keygen', [
        '-q',
        '-t',
        'ed25519',
        '-N',
        '',
        '-f',
        path.join(folder, key),
      ]);
      assert.equal(code, 0, stderr);
    }
    copyFileSync(path.join(folder, 'user-key.pub'), path.join(folder, 'authorized-keys'));
    // sshd separates its privileges in this folder, which only its system service makes otherwise.
    if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
    const port = await closedPort();
    const configFile = path.join(folder, 'sshd.conf');
    writeFileSync(configFile, configuration(folder, port));
    const child = spawn(program, ['-D', '-e', '-f', configFile], { stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-10_000)));
    await eventually(() => {
      assert.equal(child.exitCode, null, `sshd ended: ${log}`);
      return log.includes('Server listening') || undefined;
    }, 'sshd to listen');
    return new SshServer(folder, port, child);
  }

  /** Options of ssh and scp: this key, no configuration of the user, and no question that waits for an answer. */
  clientOptions(): string[] {
    const options = {
      IdentityFile: path.join(this.folder, 'user-key'),
      IdentitiesOnly: 'yes',
      BatchMode: 'yes',
      StrictHostKeyChecking: 'no',
      UserKnownHostsFile: path.join(this.folder, 'known-hosts'),
      LogLevel: 'ERROR',
      User: userInfo().username,
    };
    return ['-F', 'none', ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])];
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null) {
      const gone = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      await gone;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function configuration(folder: string, port: number): string {
  return `
ListenAddress 127.0.0.1
Port ${port}
HostKey ${path.join(folder, 'host-key')}
PidFile none
AuthorizedKeysFile ${path.join(folder, 'authorized-keys')}
# The key file lies below the folder for temporary files, which everybody may write to.
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
PrintMotd no
Subsystem sftp internal-sftp
`;
}
