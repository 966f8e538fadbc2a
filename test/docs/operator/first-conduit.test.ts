import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { closedPort } from '../../helpers/closed-port.js';
import { readPage, runPage } from '../../helpers/page-commands.js';
import { quoted, TerminalScreen } from '../../helpers/terminal-screen.js';
import { MAIN } from '../../helpers/wizard-terminal.js';

const PAGE = 'docs/operator/first-conduit.md';

/** Ports of the page that may be taken where the test runs. */
const PAGE_PORTS = ['8080', '9000', '9001'];

/** A shell on a terminal, with the `gatehouse` that was built in its PATH. */
function openShell(t: TestContext, folder: string, env: Record<string, string> = {}): TerminalScreen {
  const bin = path.join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  const command = path.join(bin, 'gatehouse');
  writeFileSync(command, `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(MAIN)} "$@"\n`);
  chmodSync(command, 0o755);
  const shell = new TerminalScreen(['bash', '--norc', '--noprofile'], folder, {
    PATH: `${bin}:${path.dirname(process.execPath)}:${process.env.PATH ?? ''}`,
    PS1: '$ ',
    ...env,
  });
  t.after(() => shell.close());
  return shell;
}

test('the page leads from nothing to a refused and then a permitted session', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-first-'));
  const ports = new Map<string, string>();
  for (const port of PAGE_PORTS) ports.set(port, String(await closedPort()));
  const here = (text: string): string =>
    PAGE_PORTS.reduce((result, port) => result.replaceAll(port, ports.get(port) ?? port), text);

  const cloud = openShell(t, folder);
  const operator = openShell(t, folder);
  const work = path.join(folder, 'work');
  mkdirSync(work);
  const gateway = openShell(t, work, {
    PATH: `${path.join(folder, 'bin')}:${path.dirname(process.execPath)}:${process.env.PATH ?? ''}`,
    GATEHOUSE_ADMIN_LISTEN: `127.0.0.1:${await closedPort()}`,
  });
  // Behind the terminals, with which the agent ends.
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const startedAt = Date.now();
  let isPermitted = false;

  /** Types the command of the page into a terminal and waits for what it has to show. */
  const does =
    (shell: TerminalScreen, ...shown: (string | RegExp)[]) =>
    async (command: string): Promise<void> => {
      shell.type(here(command));
      for (const text of shown) await shell.shows(typeof text === 'string' ? here(text) : text);
    };

  const file = path.join(work, 'gatehouse.yaml');
  const asOperator = 'curl -su "$C8Y_TENANT/$C8Y_USER:$C8Y_PASSWORD"';
  const json = "-H 'Content-Type: application/json'";
  const requests = '$C8Y_BASEURL/devicecontrol/newDeviceRequests';
  await runPage(PAGE, {
    'gatehouse simulate --port 8080': async (command) => {
      await does(cloud, 'Ctrl-C ends it.')(command);
      for (const line of cloud.screen.match(/^ +export .*$/gm) ?? []) operator.type(line.trim());
    },
    'gatehouse init': async (command) => {
      gateway.type(command);
      await gateway.answer('Address of the tenant', here('http://127.0.0.1:8080'));
      await gateway.answer('HTTP proxy', '');
      await gateway.answer('External id', 'gw-7');
      await gateway.answer('Which [1]', '');
      await gateway.answer('User as tenant/user', '');
      await gateway.answer('DNS name (Enter: none)', '');
      await gateway.answer('Write this to', '');
      await gateway.shows(/Next:[^]*gatehouse run/);
      assert.equal(statSync(file).mode & 0o777, 0o600);
    },
    [`${asOperator} ${json} -d '{"id":"gw-7"}' ${requests}`]: does(
      operator,
      '"status":"WAITING_FOR_CONNECTION"',
    ),
    'gatehouse register': async (command) => {
      gateway.type(command);
      await gateway.answer('Password of management/devicebootstrap', 'simulated-bootstrap');
      await gateway.shows('waiting for somebody to accept it');
    },
    [`${asOperator} -X PUT ${json} -d '{"status":"ACCEPTED"}' ${requests}/gw-7`]: async (command) => {
      await does(operator, '"id":"gw-7","status":"ACCEPTED"')(command);
      await gateway.shows('registered as t0815/device_gw-7');
      assert.equal(statSync(path.join(work, 'gatehouse.credentials.yaml')).mode & 0o777, 0o600);
    },
    'gatehouse check': does(gateway, 'credentials: accepted as device_gw-7', / 0 failed/),
    'gatehouse run & AGENT=$!': does(gateway, /gatehouse started[^]*connected to the cloud/),
    [`node -e 'require("node:http").createServer((q, r) => r.end("hello from the plant\\n")).listen(9000, "127.0.0.1")' &`]:
      does(gateway),
    [`ID=$(${asOperator} $C8Y_BASEURL/identity/externalIds/c8y_Serial/gw-7 | sed 's/.*"managedObject":{"id":"\\([0-9]*\\)".*/\\1/'); echo "device $ID"`]:
      does(operator, /^device \d+$/m),
    [`${asOperator} ${json} -d '{"name":"panel","hostname":"127.0.0.1","port":9000,"protocol":"PASSTHROUGH"}' $C8Y_BASEURL/service/remoteaccess/devices/$ID/configurations`]:
      does(
        operator,
        '"name":"panel","hostname":"127.0.0.1","port":9000,"protocol":"PASSTHROUGH","credentials"',
      ),
    'gatehouse connect gw-7 panel --listen 9001 &': does(operator, 'leads to 127.0.0.1:9000 behind'),
    'curl -m 5 http://127.0.0.1:9001/': async (command) => {
      await does(operator, isPermitted ? 'hello from the plant' : /curl: \(\d+\)/)(command);
      if (!isPermitted) await gateway.shows('policy-denied');
      t.diagnostic(
        `${isPermitted ? 'permitted' : 'refused'} after ${((Date.now() - startedAt) / 1_000).toFixed(1)} s`,
      );
    },
    'gatehouse explain 127.0.0.1:9000': async (command) => {
      const text = readFileSync(file, 'utf8');
      if (!text.includes('panel')) {
        await does(gateway, 'denied (policy-denied): 127.0.0.1:9000 is not allowed')(command);
        const [, conduits = ''] = /```yaml\n([^]*?)```/.exec(readPage(PAGE)) ?? [];
        writeFileSync(
          file,
          text.replace('conduits: []\n', () => here(conduits)),
        );
        return;
      }
      isPermitted = true;
      await does(gateway, 'allowed: 127.0.0.1:9000 by conduit "panel"')(command);
    },
    'kill -HUP $AGENT': does(gateway, /gatehouse started[^]*generation=2/),
    'gatehouse sessions': does(gateway, /No sessions\.|TARGET/),
  });
  for (const [name, shell] of Object.entries({ cloud, operator, gateway }))
    shell.capture(`first-conduit-${name}`);
});
