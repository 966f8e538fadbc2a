import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { startAgent, startTarget } from '../../helpers/agent-scene.js';
import { ASKING, create, final, request } from '../../helpers/approval-scene.js';
import { eventually } from '../../helpers/eventually.js';
import { readPage, runPage } from '../../helpers/page-commands.js';
import { PlantMosquitto } from '../../helpers/plant-mosquitto.js';
import { runProgram, unlessMissing } from '../../helpers/programs.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

const PAGE = 'docs/operator/consent.md';
const ID = '3fa94c01d2';
const TOPIC = 'gatehouse/gw-7/approvals';
const SWITCH_TOPIC = 'plant/hall-7/remote-access';

test(`the commands of ${PAGE} do what it says`, unlessMissing('mosquitto', 'mosquitto_pub'), async (t) => {
  const folder = temporaryFolder(t);
  const broker = await PlantMosquitto.start(t);
  const [directory, file] = [path.join(folder, 'approvals'), path.join(folder, 'switch')];
  await runProgram('sh', ['-c', `echo on > ${file}`]);
  await broker.publish(SWITCH_TOPIC, 'on', '-r');
  const agent = await startAgent(t, {
    sections: {
      conduits: ASKING,
      approval: { directory, mqttTopic: TOPIC },
      switch: { file, mqttTopic: SWITCH_TOPIC },
      plant: { mqttUrl: broker.url },
    },
  });
  const target = await startTarget(t);
  let operation = '';
  let id = '';
  const newRequest = async (): Promise<void> => {
    operation = create(agent, target.port);
    ({ id } = await request(agent));
    await eventually(() => existsSync(path.join(directory, `${id}.request.json`)) || undefined, 'the file');
  };
  /** The page's command, with the places of this test. */
  const shell = async (command: string): Promise<string> => {
    const here = command
      .replaceAll(ID, id)
      .replace('http://127.0.0.1:7980', agent.adminUrl)
      .replace('/run/gatehouse/approvals', directory)
      .replace('/run/gatehouse/switch', file)
      .replace(/^mosquitto_(pub|sub)/, `mosquitto_$1 -h 127.0.0.1 -p ${broker.port}`);
    const { code, stdout, stderr } = await runProgram('sh', ['-c', here]);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const gatehouse = async (command: string): Promise<string> => {
    const args = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
    const { code, stdout } = await agent.ask(...args.slice(1).map((arg) => arg.replace(ID, id)));
    assert.equal(code, 0);
    return stdout;
  };
  const answered = async (expected: RegExp): Promise<void> => {
    const { status, failureReason = '' } = await final(agent, operation);
    assert.match(`${status} ${failureReason}`, expected);
  };

  await newRequest();
  await runPage(PAGE, {
    'gatehouse approvals': async (command) => {
      assert.match(
        await gatehouse(command),
        /^ID +CONDUIT +TARGET +OPERATION +WAITS +LEFT\n.*\n\n1 request waits\. /,
      );
    },
    [`gatehouse approve ${ID}`]: async (command) => {
      await gatehouse(command);
      await answered(/^SUCCESSFUL/);
    },
    [`gatehouse deny ${ID} --by "Shift lead"`]: async (command) => {
      await newRequest();
      await gatehouse(command);
      await answered(/^FAILED approval-denied: .*Shift lead \(command line\)/);
    },
    'curl -s http://127.0.0.1:7980/api/approvals': async (command) => {
      await newRequest();
      assert.equal((JSON.parse(await shell(command)) as { id: string }[])[0]?.id, id);
    },
    [`curl -s -X POST -H 'Content-Type: application/json' -d '{"by": "Shift lead"}' http://127.0.0.1:7980/api/approvals/${ID}/approve`]:
      async (command) => {
        await shell(command);
        await answered(/^SUCCESSFUL/);
      },
    [`touch /run/gatehouse/approvals/${ID}.approve`]: async (command) => {
      await newRequest();
      await shell(command);
      await answered(/^SUCCESSFUL/);
    },
    [`mosquitto_sub -t '${TOPIC}/+/request' -C 1`]: async (command) => {
      await newRequest();
      assert.equal((JSON.parse(await shell(command)) as { id: string }).id, id);
    },
    [`mosquitto_pub -q 1 -t ${TOPIC}/${ID}/answer -m approve`]: async (command) => {
      await shell(command);
      await answered(/^SUCCESSFUL/);
    },
    'echo on > /run/gatehouse/switch': (command) => shell(command).then(() => agent.ready()),
    'curl -s http://127.0.0.1:7980/readyz': async (command) => {
      assert.equal(await shell(command), '{"status":"ready"}\n');
    },
    'echo off > /run/gatehouse/switch': async (command) => {
      await shell(command);
      const sample = /^\{"error":"not-ready",.*\}$/m.exec(readPage(PAGE))?.[0] ?? 'no sample';
      const expected = `${sample.replaceAll('/run/gatehouse/switch', file)}\n`;
      await eventually(() => agent.log().find(({ msg }) => msg.startsWith('the hard switch is off')), 'off');
      assert.equal(await shell('curl -s http://127.0.0.1:7980/readyz'), expected);
      await shell('echo on > /run/gatehouse/switch');
      await agent.ready();
    },
    [`mosquitto_pub -q 1 -r -t ${SWITCH_TOPIC} -m on`]: async (command) => {
      await shell(command);
    },
    [`mosquitto_pub -q 1 -r -t ${SWITCH_TOPIC} -m off`]: async (command) => {
      await shell(command);
      await eventually(
        () => agent.log().find(({ reason }) => String(reason).includes('switch.mqttTopic')),
        'off',
      );
    },
  });
});

test(`the configurations of ${PAGE} are valid`, async (t) => {
  const blocks = [...readPage(PAGE).matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text);
  const [approval = '', hardSwitch = '', gpio = ''] = blocks;
  assert.equal(blocks.length, 3);
  const folder = temporaryFolder(t);
  for (const sections of [parse(approval + hardSwitch), parse(gpio)] as Record<string, object>[]) {
    const agent = await startAgent(t, { waitForLink: false });
    const { plant, ...rest } = sections;
    const broker = plant === undefined ? {} : { plant: { ...plant, mqttPasswordFile: undefined } };
    agent.configure({ ...rest, ...broker });
    const { stdout } = await agent.ask('check', '--print');
    assert.doesNotMatch(stdout, /unknown key|must /);
    assert.match(stdout, /switch\.file +\/\S+ /, readFileSync(agent.configFile, 'utf8') + folder);
  }
});
