import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** Set in the process inside, so that it does not go in again. */
const INSIDE = 'GATEHOUSE_BENCH_NAMESPACE';

/**
 * Loopback up; and reno, because the timers of bbr (the default of some machines) make throughput over loopback jump
 * between two values. What cannot be set is left: the bench records what it finds.
 */
const SET_UP = `ip link set lo up || exit 1
echo reno > /proc/sys/net/ipv4/tcp_congestion_control
echo '10240 65535' > /proc/sys/net/ipv4/ip_local_port_range
exec "$@"`;

/** Whether this process runs in a network namespace of the bench, which has nothing but loopback. */
export function isInside(): boolean {
  return process.env[INSIDE] === '1';
}

/** How to enter one: as root, or as a user who becomes root inside. Undefined when the machine does not let us. */
export function namespaceCommand(): readonly [string, ...string[]] | undefined {
  const isRoot = process.getuid?.() === 0;
  const flags = isRoot ? ['--net'] : ['--net', '--map-root-user'];
  const { status } = spawnSync('unshare', [...flags, 'sh', '-c', 'ip link set lo up'], { stdio: 'ignore' });
  return status === 0 ? ['unshare', ...flags, 'sh', '-c', SET_UP, 'sh'] : undefined;
}

/** Runs this same command line again inside, and gives its exit code. */
export async function runInside([program, ...flags]: readonly [string, ...string[]]): Promise<number> {
  const child = spawn(program, [...flags, process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  });
  // It ends what it started, and then we go. After a Ctrl-C the terminal has told it already; twice is harmless.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}
