import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findProgram, runProgram, type ProgramEnd } from './programs.js';
import { temporaryFolder } from './temporary-folder.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Longest time for base system and image together, in ms; on two idle cores it takes one minute. */
const BUILD_MS = 300_000;

/** Programs without which there is no container. */
export const CONTAINER_TOOLS = ['buildah', 'podman', 'crun', 'debootstrap', 'unshare', 'nsenter'] as const;

/**
 * Namespaces in which images are made and run, and the image built in it. All of it lies in a tmpfs at `$1`, which is
 * gone with them; containers end with process 1. No registry is asked for the base: it is Debian by debootstrap, with
 * this machine's Node (`$2`), npm and roots, under the name that the container file asks for (`$3`). `$4` is the checkout.
 */
const SET_UP = `
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=0755 tmpfs "$1"
cd "$1"
# crun gives the standard streams of a container to its user, and this machine's /dev/null is not ours to give.
mknod -m 0666 null c 1 3
mount --bind null /dev/null
mount -t tmpfs tmpfs /dev/shm
mount -t cgroup2 cgroup2 /sys/fs/cgroup
cat /etc/resolv.conf >resolv.conf
mount -t tmpfs -o mode=0755 tmpfs /run
if [ ! -e /etc/resolv.conf ]; then install -D -m 0644 resolv.conf "$(readlink -m /etc/resolv.conf)"; fi

debootstrap --variant=minbase "$(. /etc/os-release; echo "$VERSION_CODENAME")" "$1/base" >debootstrap.log
install -D -m 0755 "$2" base/usr/local/bin/node
mkdir -p base/usr/local/lib/node_modules
cp -r "$(dirname "$(readlink -f "$(command -v npm)")")/.." base/usr/local/lib/node_modules/npm
ln -s ../lib/node_modules/npm/bin/npm-cli.js base/usr/local/bin/npm
install -D -m 0644 /etc/ssl/certs/ca-certificates.crt base/etc/ssl/certs/ca-certificates.crt
store="--root $1/storage --runroot $1/run --storage-driver overlay"
container=$(buildah $store from scratch)
buildah $store add --quiet "$container" "$1/base" / >/dev/null
buildah $store config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \\
  --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt "$container"
buildah $store commit --quiet --rm "$container" "$3" >/dev/null
rm -r base
cd "$4"
buildah $store build --isolation chroot --pull-never --format docker \\
  --file deploy/container/Containerfile --tag gatehouse . >"$1/build.log" 2>&1 || { tail -n 40 "$1/build.log" >&2; exit 1; }
echo ready
exec sleep infinity
`;

/** What this machine needs beside the printed command: it has no systemd that would look after a container. */
const HERE =
  '--pull never --cgroups disabled --no-healthcheck --ulimit nofile=10000:10000 --ulimit nproc=5000:5000';

/** The image of the container file, and a podman to run it, until the end of the test. */
export class ContainerMachine {
  private constructor(
    private readonly pid: number,
    /** A folder in there that is the working directory of every command. */
    private readonly folder: string,
  ) {}

  /** @throws Error when this machine does not allow it, or the image cannot be built. */
  static async build(t: TestContext): Promise<ContainerMachine> {
    const folder = temporaryFolder(t);
    const file = readFileSync(path.join(ROOT, 'deploy/container/Containerfile'), 'utf8');
    const [, variable = ''] = /^ARG NODE=(\S+)$/m.exec(file) ?? [];
    const base = `docker.io/library/node:${variable}`;
    const unshare = findProgram('unshare') ?? assert.fail('unshare is not installed');
    const args = [
      '--mount',
      '--pid',
      '--mount-proc',
      '--fork',
      '--kill-child',
      'bash',
      '-c',
      SET_UP,
      'set-up',
    ];
    const child = spawn(unshare, [...args, folder, process.execPath, base, ROOT], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: BUILD_MS * 4,
      killSignal: 'SIGKILL',
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-20_000)));
    t.after(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'close');
    });
    const signal = AbortSignal.timeout(BUILD_MS);
    const ready = once(child.stdout, 'data', { signal });
    await Promise.race([ready, once(child, 'close', { signal })]);
    assert.equal(child.exitCode, null, `the image was not built: ${said}`);
    const children = readFileSync(`/proc/${child.pid ?? 0}/task/${child.pid ?? 0}/children`, 'utf8');
    return new ContainerMachine(Number(children), folder);
  }

  /** Runs a command line of sh in there; `podman` has its store, and `podman run` what it needs on this machine. */
  run(line: string): Promise<ProgramEnd> {
    const store = `--root ${this.folder}/storage --runroot ${this.folder}/run --tmpdir ${this.folder}/libpod`;
    const driver = '--storage-driver overlay --cgroup-manager cgroupfs --events-backend file';
    const command = line
      .replaceAll('podman run ', `podman run ${HERE} `)
      .replaceAll('podman ', `podman ${store} ${driver} `);
    const script = `cd ${this.folder} && ${command} </dev/null`;
    return runProgram('nsenter', ['--target', String(this.pid), '--mount', '--pid', 'sh', '-c', script]);
  }

  /** The same, for one that has to go well. Gives what it printed. */
  async sh(line: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(line);
    assert.equal(code, 0, `${line}: exit ${code ?? 'by signal'}\n${stdout}${stderr}`);
    return stdout;
  }
}
