import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { closedPort } from './closed-port.js';
import { findProgram } from './programs.js';

/** Tries to connect while it starts, and the wait between them in ms: 20 s in all. */
const TRIES = 200;
const STEP_MS = 100;

/** Where Debian puts the program that asks a file for users and passwords. */
const AUTHENTICATOR = '/usr/lib/squid/basic_ncsa_auth';

/**
 * A real squid on a port of loopback, until the end of the test.
 * @param rules `login`: everybody who logs in may go anywhere, and nobody has an account. `nobody`: nobody may.
 */
export async function startSquid(
  t: TestContext,
  rules: 'login' | 'nobody',
): Promise<{ readonly port: number }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-squid-'));
  const port = await closedPort();
  const users = path.join(folder, 'users');
  writeFileSync(users, '');
  const file = path.join(folder, 'squid.conf');
  const access =
    rules === 'nobody'
      ? ['http_access deny all']
      : [
          `auth_param basic program ${AUTHENTICATOR} ${users}`,
          'acl known proxy_auth REQUIRED',
          'http_access allow known',
          'http_access deny all',
        ];
  const lines = [
    `http_port 127.0.0.1:${port}`,
    ...access,
    'access_log none',
    'cache_log /dev/null',
    'cache deny all',
    'pid_filename none',
    `coredump_dir ${folder}`,
    'shutdown_lifetime 0 seconds',
    'visible_hostname localhost',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const child = spawn(findProgram('squid') ?? 'squid', ['-N', '-f', file], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  for (let tries = 0; tries < TRIES; tries += 1) {
    if (await connects(port)) return { port };
    if (child.exitCode !== null) throw new Error(`squid ended with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
  throw new Error('squid does not listen');
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(socket.destroy().destroyed));
    socket.once('error', () => resolve(false));
  });
}
