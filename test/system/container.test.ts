import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startCloud } from '../../simulator/cloud.js';
import { OperatorClient } from '../../src/cli/connect/operator-client.js';
import { operatorSettings } from '../../src/cli/connect/operator-settings.js';
import { echoes, startTarget } from '../helpers/agent-scene.js';
import { closedPort } from '../helpers/closed-port.js';
import { CONTAINER_TOOLS, ContainerMachine } from '../helpers/container-machine.js';
import { skipOutsideCi, unlessMissing } from '../helpers/programs.js';

const FILE = fileURLToPath(new URL('../../../deploy/container/Containerfile', import.meta.url));

/** As the printed command has it, for a container that is gone afterwards. */
const SHUT = 'podman run --rm --read-only --tmpfs /tmp --cap-drop all --network host';

/** The commands at the top of the container file, continuation lines joined. */
function printedCommands(): string[] {
  const [head = ''] = readFileSync(FILE, 'utf8').split(/^ARG /m);
  const lines = head.replace(/\\\n#/g, '').match(/^# {3}.*$/gm) ?? [];
  return lines.map((line) => line.slice(1).trim().replace(/\s+/g, ' '));
}

test(
  'the image is built, and runs as a user without rights on a file system that it cannot write',
  unlessMissing(...CONTAINER_TOOLS),
  async (t) => {
    if (process.geteuid?.() !== 0) return skipOutsideCi(t, 'only root can make a machine for containers');
    const machine = await ContainerMachine.build(t);
    const [build = '', rights = '', run = ''] = printedCommands();
    assert.match(
      build,
      /^podman build --format docker --file deploy\/container\/Containerfile --tag gatehouse \.$/,
    );

    assert.match(await machine.sh(`${SHUT} gatehouse --help`), /Usage: gatehouse/);
    assert.match(await machine.sh(`${SHUT} gatehouse demo --once`), /8 sessions moved 64 MiB each way/);
    const inside =
      'grep CapEff /proc/self/status; id -u; touch /usr/x; touch /etc/gatehouse/x; touch /var/lib/gatehouse/x && echo kept';
    const { stdout, stderr } = await machine.run(`${SHUT} --entrypoint sh gatehouse -c '${inside}'`);
    assert.equal(stdout, 'CapEff:\t0000000000000000\n990\nkept\n');
    assert.equal(stderr.match(/Read-only file system/g)?.length, 2);
    t.diagnostic('it is shut');

    const cloud = await startCloud({});
    t.after(() => cloud.stop());
    const target = await startTarget(t);
    const { id, tenant, user, password } = cloud.registerDevice('gw-7');
    const config = '/etc/gatehouse/gatehouse.yaml';
    await machine.sh('mkdir conf');
    await machine.sh(
      `podman run --rm --user 0 --volume ./conf:/etc/gatehouse --network host gatehouse init --yes --config ${config} ` +
        `--url ${cloud.url} --device gw-7 --conduit here=127.0.0.1:${target.port}`,
    );
    // As `gatehouse register` leaves them.
    const credentials = JSON.stringify({ tenant, user, password });
    await machine.sh(`umask 077 && echo '${credentials}' >conf/gatehouse.credentials.yaml`);
    await machine.sh(rights);
    // Two agents on one machine cannot have one port.
    const environment = `--env GATEHOUSE_ADMIN_LISTEN=127.0.0.1:${await closedPort()}`;
    await machine.sh(run.replace('podman run ', `podman run --detach ${environment} `));
    const log = async (): Promise<string> => (await machine.run('podman logs gatehouse')).stdout;
    const logged = (pattern: RegExp): Promise<void> => until(log, pattern);
    await logged(/connected to the cloud/);
    const health = JSON.parse(
      await machine.sh('podman image inspect gatehouse --format "{{json .Config.Healthcheck}}"'),
    ) as { Test: string[] };
    assert.match(await machine.sh(`podman exec gatehouse ${health.Test.slice(1).join(' ')}`), /connected/);

    const settings = {
      C8Y_TENANT: cloud.operator.tenant,
      C8Y_USER: cloud.operator.user,
      C8Y_PASSWORD: cloud.operator.password,
    };
    const operator = new OperatorClient(operatorSettings({ url: cloud.url }, settings));
    t.after(() => operator.close());
    const endpoint = { name: 'here', hostname: '127.0.0.1', port: target.port };
    const session = await operator.openTunnel(id, cloud.addConfiguration(id, endpoint).id);
    await echoes(session, 'before');
    await machine.sh('podman kill --signal HUP gatehouse');
    await logged(/control connection handed over/);
    await echoes(session, 'after a reload');
    t.diagnostic('a session goes through it, and on over a reload');

    await machine.sh('podman stop --time 15 gatehouse');
    assert.equal(await machine.sh('podman inspect gatehouse --format "{{.State.ExitCode}}"'), '0\n');
    assert.match(await log(), /"reason":"shutdown"/);
  },
);

/** Reads again and again until it matches. */
async function until(read: () => Promise<string>, pattern: RegExp): Promise<void> {
  const limit = AbortSignal.timeout(30_000);
  for (;;) {
    const text = await read();
    if (pattern.test(text)) return;
    assert.ok(!limit.aborted, `no ${String(pattern)} in: ${text}`);
  }
}
