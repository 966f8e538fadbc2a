import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '../../helpers/eventually.js';
import type { Identity } from '../../helpers/certificates.js';
import { SEARCH_PATH } from './command.js';

/** `openssl s_server` on a free port of 127.0.0.1: for what Node's own servers do not do. */
export class OpensslServer {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
  ) {}

  /** @param options of s_server beside port, key and certificate. */
  static async start(
    folder: string,
    { server }: Identity,
    ...options: readonly string[]
  ): Promise<OpensslServer> {
    const [cert, key] = [path.join(folder, 's_server.crt'), path.join(folder, 's_server.key')];
    writeFileSync(cert, server.cert);
    writeFileSync(key, server.key, { mode: 0o600 });
    const child = spawn(
      'openssl',
      ['s_server', '-accept', '127.0.0.1:0', '-cert', cert, '-key', key, ...options],
      {
        env: { PATH: SEARCH_PATH },
        // It ends with its standard input.
        stdio: ['pipe', 'pipe', 'ignore'],
      },
    );
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said = (said + chunk.toString('latin1')).slice(-20_000)));
    const port = await eventually(() => /^ACCEPT [^\n]*:(\d+)$/m.exec(said)?.[1], 'openssl to listen');
    return new OpensslServer(child, Number(port));
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}
