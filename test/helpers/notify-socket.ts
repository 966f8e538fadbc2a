import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { eventually } from './eventually.js';

/** Node has no datagram sockets in the file system; Perl, which is on every Debian, prints what arrives at one. */
const LISTENER = `
use Socket; use IO::Handle;
socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or die $!;
bind($socket, sockaddr_un($ARGV[0])) or die $!;
STDOUT->autoflush(1);
print "listening\\n";
while (defined recv($socket, my $message, 4096, 0)) { $message =~ s/\\n*$/\\n/; print $message; }
`;

/** What a service manager would hear, until the end of the test. */
export class NotifySocket {
  private constructor(
    readonly path: string,
    private readonly output: { text: string },
  ) {}

  static async listen(t: TestContext): Promise<NotifySocket> {
    const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-test-'));
    const file = path.join(folder, 'notify');
    const child = spawn('perl', ['-e', LISTENER, file], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(async () => {
      child.kill('SIGKILL');
      await once(child, 'close');
      rmSync(folder, { recursive: true });
    });
    const output = { text: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.text += text));
    const socket = new NotifySocket(file, output);
    await socket.heard('listening');
    return socket;
  }

  /** The lines so far. */
  get lines(): readonly string[] {
    return this.output.text.split('\n').slice(0, -1);
  }

  /** Waits for a line. */
  async heard(wanted: string | RegExp): Promise<void> {
    const isIt = (line: string): boolean =>
      typeof wanted === 'string' ? line === wanted : wanted.test(line);
    await eventually(() => this.lines.some(isIt) || undefined, `the message ${String(wanted)}`);
  }
}
