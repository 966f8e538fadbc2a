import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { findProgram, runProgram } from './programs.js';

/** Where Debian has Squid's helper for users and passwords. */
const NCSA = '/usr/lib/squid/basic_ncsa_auth';

/** Longest wait for Squid to listen, in ms. */
const START_MS = 20_000;

export interface SquidOptions {
  /** Basic authentication with this one user; without it everybody may. */
  readonly login?: { readonly user: string; readonly password: string };
  /** Names that only this proxy can resolve; all of them are 127.0.0.1. */
  readonly names?: readonly string[];
  /** Ports that CONNECT is refused to. */
  readonly deniedPorts?: readonly number[];
  /** TLS to the proxy itself, with this key and certificate (PEM). */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** A line of the access log: what was asked for, and how it ended. A tunnel is logged when it is over. */
export interface Access {
  /** `CONNECT`, or another method. */
  readonly method: string;
  /** `host:port` of a CONNECT. */
  readonly target: string;
  readonly status: number;
  /** `-` without authentication. */
  readonly user: string;
}

/** Squid, the proxy that many plants have, with a folder of its own on a free port of loopback. */
export class Squid {
  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly child: ChildProcess,
    private readonly options: SquidOptions,
  ) {}

  /** Starts it; it ends with the test. */
  static async start(t: TestContext, options: SquidOptions = {}): Promise<Squid> {
    const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-squid-'));
    // Started by root, Squid becomes a user of its own.
    chmodSync(folder, 0o777);
    const port = await freePort();
    await writeFiles(folder, port, options);
    const child = spawn(findProgram('squid') ?? 'squid', ['-N', '-f', path.join(folder, 'squid.conf')], {
      stdio: 'ignore',
    });
    const squid = new Squid(port, folder, child, options);
    t.after(() => squid.stop());
    await squid.#listening();
    return squid;
  }

  /** For cloud.proxy, with the login unless another one is given. */
  url(login = this.options.login): string {
    const userinfo = login === undefined ? '' : `${login.user}:${encodeURIComponent(login.password)}@`;
    const scheme = this.options.tls === undefined ? 'http' : 'https';
    return `${scheme}://${userinfo}localhost:${this.port}`;
  }

  /** The access log so far. */
  accesses(): Access[] {
    const text = readFileSync(path.join(this.folder, 'access.log'), 'utf8');
    // A connection without a request is our own look whether it listens.
    const lines = text.split('\n').filter((line) => line !== '' && !line.includes(' error:'));
    return lines.map((line) => {
      const [, , , result = '', , method = '', target = '', user = ''] = line.split(/\s+/);
      return { method, target, status: Number(result.split('/')[1]), user };
    });
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGKILL');
      await once(this.child, 'close');
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #listening(): Promise<void> {
    const deadlineMs = Date.now() + START_MS;
    while (!(await answers(this.port))) {
      if (Date.now() > deadlineMs || this.child.exitCode !== null)
        throw new Error(`squid does not listen:\n${this.#cacheLog()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  #cacheLog(): string {
    try {
      return readFileSync(path.join(this.folder, 'cache.log'), 'utf8').slice(-2_000);
    } catch {
      return 'it has not logged anything';
    }
  }
}

async function writeFiles(folder: string, port: number, options: SquidOptions): Promise<void> {
  const { login, names = [], deniedPorts = [], tls } = options;
  const file = (name: string, content: string): string => {
    const place = path.join(folder, name);
    writeFileSync(place, content, { mode: 0o644 });
    return place;
  };
  const files =
    tls === undefined ? '' : ` tls-cert=${file('proxy.pem', tls.cert)} tls-key=${file('proxy.key', tls.key)}`;
  const users = login === undefined ? undefined : file('users', await passwordLine(login));
  file(
    'squid.conf',
    [
      `${tls === undefined ? 'http_port' : 'https_port'} 127.0.0.1:${port}${files}`,
      `hosts_file ${file('hosts', `127.0.0.1 localhost ${names.join(' ')}\n`)}`,
      ...(users === undefined
        ? ['acl welcome src 127.0.0.0/8']
        : [`auth_param basic program ${NCSA} ${users}`, 'acl welcome proxy_auth REQUIRED']),
      ...(deniedPorts.length === 0
        ? []
        : [`acl denied port ${deniedPorts.join(' ')}`, 'http_access deny denied']),
      'http_access allow welcome',
      'http_access deny all',
      `access_log stdio:${path.join(folder, 'access.log')}`,
      `cache_log ${path.join(folder, 'cache.log')}`,
      `pid_filename ${path.join(folder, 'squid.pid')}`,
      `coredump_dir ${folder}`,
      'cache deny all',
      'cache_mem 8 MB',
      'buffered_logs off',
      'visible_hostname plant-proxy',
      'shutdown_lifetime 0 seconds',
      '',
    ].join('\n'),
  );
}

/** By standard output, so that the password stands on no command line but the one of openssl. */
async function passwordLine({ user, password }: NonNullable<SquidOptions['login']>): Promise<string> {
  const { stdout } = await runProgram('openssl', ['passwd', '-1', password]);
  return `${user}:${stdout.trim()}\n`;
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
