import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { eventually } from './eventually.js';
import { runProgram, type ProgramEnd } from './programs.js';

/**
 * Boots systemd as process 1 of new namespaces, on a copy-on-write view of this machine: what is installed in there is
 * gone with it. The network is this machine's own. `$1` is a folder that stays visible at its place.
 */
const BOOT = `
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
cd /mnt/root
mount -t proc proc proc
mount -t tmpfs -o mode=0755 tmpfs dev
for device in null zero full random urandom tty; do touch dev/$device; mount --bind /dev/$device dev/$device; done
mkdir dev/shm dev/pts
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mkdir shared
mount --bind "$1" shared
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
rm -rf etc/systemd/system var/log/journal
# Debian builds the index of manual pages after each package, unless told otherwise; nobody reads them here.
rm -f var/lib/man-db/auto-update
mkdir etc/systemd/system
printf '[Unit]\\nRequires=basic.target dbus.socket\\nAfter=basic.target\\n' >etc/systemd/system/test.target
for unit in systemd-udevd.service systemd-udev-trigger.service systemd-modules-load.service dev-hugepages.mount; do
  ln -s /dev/null etc/systemd/system/$unit
done
mkdir old
pivot_root . old
umount --lazy old
rmdir old
# As on a real machine: what systemd mounts for a service, such as its credentials, has to reach the namespace of that service.
mount --make-rshared /
exec /usr/bin/env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
  /lib/systemd/systemd --system --unit=test.target --show-status=no --log-target=journal
`;

/** A Debian system with its own systemd and package database, until the end of the test. */
export class DebianMachine {
  private constructor(private readonly pid: number) {}

  /** @param shared folder that is `/shared` in there. @throws Error when this machine does not allow it. */
  static async boot(t: TestContext, shared: string): Promise<DebianMachine> {
    const namespaces = ['--mount', '--pid', '--cgroup', '--uts', '--ipc', '--fork', '--kill-child'];
    const child = spawn('unshare', [...namespaces, 'bash', '-c', BOOT, 'boot', shared], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const said = { text: '' };
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.text += text));
    t.after(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'close');
    });
    const pid = await eventually(() => initOf(child, said), 'systemd as process 1');
    const machine = new DebianMachine(pid);
    await machine.#isUp();
    return machine;
  }

  /** Runs a command line of sh in there. */
  run(line: string): Promise<ProgramEnd> {
    const enter = ['--target', String(this.pid), '--mount', '--pid', '--cgroup', '--uts', '--ipc', '--root'];
    const env = { LC_ALL: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive', SYSTEMD_COLORS: '0' };
    return runProgram('nsenter', [...enter, 'sh', '-c', `cd /; ${line}`], env);
  }

  /** The same, for one that has to go well. Gives what it printed. */
  async sh(line: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(line);
    if (code === 0) return stdout;
    throw new Error(`${line}: exit ${code}\n${stdout}${stderr}${await this.#journal()}`);
  }

  /** Repeats a command until its output matches. */
  async until(line: string, pattern: RegExp): Promise<string> {
    const limit = performance.now() + 60_000;
    for (;;) {
      const { stdout, stderr } = await this.run(line);
      if (pattern.test(stdout)) return stdout;
      if (performance.now() > limit)
        throw new Error(`${line} never gave ${String(pattern)}: ${stdout}${stderr}${await this.#journal()}`);
    }
  }

  async #journal(): Promise<string> {
    return (await this.run('journalctl --no-pager --lines 30')).stdout;
  }

  async #isUp(): Promise<void> {
    await this.until('systemctl is-active test.target', /^active/);
  }
}

/** The process id, seen from here, of the one that became systemd. */
function initOf(child: ChildProcess, said: { readonly text: string }): number | undefined {
  if (child.exitCode !== null) throw new Error(`No systemd here: ${said.text}`);
  try {
    const { pid } = child;
    const init = Number(readFileSync(`/proc/${pid ?? 0}/task/${pid ?? 0}/children`, 'utf8'));
    return readFileSync(`/proc/${init}/comm`, 'utf8') === 'systemd\n' ? init : undefined;
  } catch {
    return undefined;
  }
}
