import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { processTree } from '../faults/rig/processes.js';
import { AgentProcess } from '../helpers/agent-process.js';
import { eventually } from '../helpers/eventually.js';
import { PlantTarget } from '../helpers/plant.js';

/** A password with what escaping changes: percent, quotes, blanks and base64's own letters. */
const PASSWORD = 'p%ss w"rd/+=ü&<42>';
const TOKEN = 'admin+token/of=the~listener.42';

/** Every form in which a secret may come out. */
function forms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const percent = [
    encodeURIComponent(secret),
    encodeURI(secret),
    secret.replaceAll(/./gsu, (one) => percentAll(one)),
  ];
  const base64 = [bytes.toString('base64'), bytes.toString('base64url')].map((text) =>
    text.replace(/=+$/, ''),
  );
  const json = JSON.stringify(secret).slice(1, -1);
  return [secret, json, JSON.stringify(json).slice(1, -1), bytes.toString('hex'), ...percent, ...base64];
}

function percentAll(character: string): string {
  return [...Buffer.from(character)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
}

test('no secret comes out of an agent at log level trace, whatever succeeds or fails', async () => {
  const plant = await PlantTarget.listen();
  const agent = await AgentProcess.start({
    sections: { admin: { listen: '127.0.0.1:0', token: TOKEN }, log: { level: 'trace' } },
    waitForLink: false,
    before: (cloud, device) => {
      // The device's password, here and in the configuration that is written next.
      cloud.platform.users.addDevice('gw-7', PASSWORD);
      (device as { password: string }).password = PASSWORD;
    },
  });
  const authorized = { headers: { Authorization: `Bearer ${TOKEN}` } };
  const outputs = new Map<string, string>();
  const keys: string[] = [];
  try {
    await agent.logged('gatehouse started');
    const operate = (fields: object): void => {
      const connectionKey = randomUUID();
      keys.push(connectionKey);
      const fragment = { hostname: '127.0.0.1', port: plant.port, connectionKey, ...fields };
      agent.cloud.createOperation(agent.device.id, { c8y_RemoteAccessConnect: fragment });
    };

    const tunnel = await agent.open(plant);
    tunnel.write('x');
    await once(tunnel, 'data');
    operate({});
    operate({ port: 1 });
    operate({ hostname: '192.0.2.1' });
    operate({ hostname: 'no such host' });
    operate({ port: 'x' });
    const odd = 'key/../with?odd#letters%41';
    keys.push(odd);
    operate({ connectionKey: odd });
    await eventually(
      () =>
        agent.operations().every(({ status }) => status === 'SUCCESSFUL' || status === 'FAILED') || undefined,
      'final statuses',
    );
    for (const status of [401, 403, 404, 500]) {
      agent.cloud.faults.set({ requests: [{ path: '/service/remoteaccess/device/*', status, times: 1 }] });
      operate({});
      await agent.finalOperation();
    }
    for (const path of ['/metrics', '/api/status', '/api/sessions', '/readyz', '/']) {
      outputs.set(path, await (await fetch(agent.adminUrl + path, authorized)).text());
    }
    const wrong = await fetch(`${agent.adminUrl}/api/status`, {
      headers: { Authorization: `Bearer ${TOKEN}x` },
    });
    outputs.set('401 of the admin listener', await wrong.text());
    // Another password at the cloud: every request is refused from here.
    agent.cloud.faults.set({ requests: [{ status: 401 }] });
    agent.cloud.cutLongPolls();
    agent.configure({ admin: { listen: '127.0.0.1:0', token: TOKEN, oops: 1 }, log: { level: 'trace' } });
    agent.command.kill('SIGHUP');
    await agent.logged('the configuration is invalid, the old one stays in force');
    for (const pid of processTree(agent.command.pid)) {
      for (const file of ['cmdline', 'environ']) {
        const path = `/proc/${pid}/${file}`;
        if (existsSync(path)) outputs.set(path, readFileSync(path, 'latin1'));
      }
    }
    outputs.set('gatehouse status', JSON.stringify(await agent.ask('status')));
    agent.command.kill('SIGTERM');
    const { code, stdout, stderr } = await agent.command.ended();
    assert.equal(code, 0);
    outputs.set('standard output', stdout);
    outputs.set('standard error', stderr);
    outputs.set(
      'failure reasons',
      agent
        .operations()
        .map(({ failureReason = '' }) => failureReason)
        .join('\n'),
    );

    for (const operation of agent.operations()) {
      const { connectionKey } = operation.c8y_RemoteAccessConnect as { connectionKey: string };
      if (!keys.includes(connectionKey)) keys.push(connectionKey);
    }
    const { tenant, user } = agent.device;
    const basic = [`${tenant}/${user}:${PASSWORD}`, `${user}:${PASSWORD}`];
    assert.ok(stdout.length > 2_000, 'the log is there');
    assert.ok(keys.length >= 12);
    for (const secret of [PASSWORD, TOKEN, ...basic, ...keys]) {
      for (const [where, text] of outputs) {
        const leak = forms(secret).find((form) => text.includes(form));
        const at = leak === undefined ? 0 : text.indexOf(leak);
        assert.equal(leak, undefined, `${where}: …${text.slice(Math.max(0, at - 200), at + 200)}…`);
      }
    }
  } finally {
    await agent.stop();
    plant.close();
  }
});
