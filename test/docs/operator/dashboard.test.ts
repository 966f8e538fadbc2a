import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { get } from 'node:http';
import { test } from 'node:test';
import { startAgent } from '../../helpers/agent-scene.js';
import { closedPort } from '../../helpers/closed-port.js';
import * as gen from '../../helpers/generations.js';
import { runPage } from '../../helpers/page-commands.js';
import { findProgram } from '../../helpers/programs.js';
import { SshServer } from '../../helpers/ssh-server.js';
import { eventually } from '../../helpers/eventually.js';

/** Runs a command of the page until its output has what is wanted. */
async function untilItSays(program: string, args: readonly string[], wanted: RegExp): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  await eventually(() => wanted.test(text) || undefined, `${String(wanted)} from ${program}`);
  child.kill();
}

/** What `http://127.0.0.1:port/` is when it is asked at another address; undefined when nobody answers there. */
function pageAt(host: string, port: number): Promise<string | undefined> {
  const headers = { host: `127.0.0.1:${port}`, connection: 'close' };
  return new Promise((resolve) => {
    const asking = get({ host, port, headers }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (piece: string) => (body += piece));
      answer.on('end', () => resolve(body));
    });
    asking.on('error', () => resolve(undefined));
  });
}

test('the commands of docs/operator/dashboard.md show the dashboard and what it is made of', async (t) => {
  const port = await closedPort();
  await startAgent(t, { sections: { admin: { listen: `127.0.0.1:${port}` } } });
  const here = (command: string): string[] => command.replaceAll('7980', String(port)).split(' ').slice(1);
  await runPage('docs/operator/dashboard.md', {
    'ssh -N -L 7980:127.0.0.1:7980 gateway': async (command) => {
      const server = await SshServer.start();
      t.after(() => server.stop());
      // Both ends are this machine, where the agent has the port: the near end of the tunnel is on another address.
      const [end = '', ...rest] = here(command)
        .slice(1)
        .filter((part) => part !== 'gateway');
      assert.equal(end, '-L');
      const forward = `127.0.0.2:${rest[0] ?? ''}`;
      const options = [
        ...server.clientOptions(),
        '-p',
        String(server.port),
        '-N',
        '-L',
        forward,
        '127.0.0.1',
      ];
      const child = spawn(findProgram('ssh') ?? assert.fail('ssh is not installed'), options, {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      t.after(() => child.kill());
      // A browser at the far end would ask for 127.0.0.1, with the same port.
      const page = await gen.poll(() => pageAt('127.0.0.2', port), 'the page through the tunnel');
      assert.match(page, /<title>Gatehouse<\/title>/);
    },
    'curl http://127.0.0.1:7980/api/operations': (command) =>
      untilItSays('curl', ['-sS', ...here(command)], /^\[\]\n$/),
    'curl -N http://127.0.0.1:7980/api/events': (command) =>
      untilItSays('curl', ['-sS', ...here(command)], /^event: snapshot\ndata: \{.*\}\n\nevent: changes\n/),
  });
});
