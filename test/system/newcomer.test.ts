import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { commandsOf } from '../helpers/page-commands.js';
import { TerminalScreen } from '../helpers/terminal-screen.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** What README says first. */
const FIRST_COMMAND = 'npm ci && npm run demo';

/** The same without packages and build: both are there, and every run of CI begins with them. */
const HERE = 'node dist/src/main.js demo';

test('a newcomer who follows README gets a byte through a tunnel, and a refusal with its reason', async (t) => {
  assert.equal(commandsOf('README.md')[0]?.command, FIRST_COMMAND);
  const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  assert.equal(scripts.demo, `npm run --silent build && ${HERE}`);
  const env = { PATH: `${path.dirname(process.execPath)}:${process.env.PATH ?? ''}`, PS1: '$ ' };
  const open = (): TerminalScreen => {
    const shell = new TerminalScreen(['bash', '--norc', '--noprofile'], ROOT, env);
    t.after(() => shell.close());
    return shell;
  };
  const demo = open();
  const other = open();
  const startedAt = Date.now();
  const after = (what: string): void =>
    t.diagnostic(
      `${what} after ${((Date.now() - startedAt) / 1_000).toFixed(1)} s, without npm ci and the build`,
    );

  demo.type(HERE);
  await demo.shows('Ctrl-C ends it.');
  after('the demo invites');
  const [, page = ''] = await demo.shows(/^ {2}(curl http:\/\/127\.0\.0\.1:\d+\/) /m);
  const [, denied = ''] = await demo.shows(/^ {2}(curl -m 3 http:\/\/127\.0\.0\.1:\d+\/) /m);
  other.type(page);
  await other.shows('<h1>HMI 3');
  after('the first tunnelled byte');
  other.type(denied);
  await demo.shows('policy-denied');
  after('the refusal');
  demo.capture('newcomer-demo');
  demo.press('C-c');
  await demo.shows('Stopping.');
});
