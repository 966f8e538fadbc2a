import { constants } from 'node:fs';
import { access, lstat, open } from 'node:fs/promises';
import path from 'node:path';
import { approvalFilters } from '../../approval/approval-topic.js';
import { readFirst } from '../../audit/log-end.js';
import type { Config } from '../../config/config.js';
import { EXIT } from '../../exit-codes.js';
import { readSwitchFile } from '../../switch/switch-file.js';
import { codeOf } from './connection-error.js';
import type { Fault, Fix } from './fault.js';
import { canMake } from './places.js';
import { tryPlantBroker } from './plant-probe.js';
import type { Outcome, Probe, ProbeContext } from './probe.js';
import { command, setting, word } from './setting.js';

/** Longest time for what a file system is asked, in ms. */
const DEADLINE_MS = 5_000;

/** Longest time for the plant's broker, in ms: its TCP, TLS, login and a few subscriptions. */
const BROKER_MS = 12_000;

/** What the configuration names on site: evidence, switch, approvals. Only what it names is tried. */
export function siteProbes({
  audit,
  switch: { file, mqttTopic },
  approval,
  plant,
}: Config): readonly Probe[] {
  const local = { deadlineMs: DEADLINE_MS, needs: [] };
  const topics = [
    mqttTopic,
    ...(approval.mqttTopic === undefined ? [] : approvalFilters(approval.mqttTopic)),
  ];
  return [
    ...when(audit.file, (name) => ({
      ...{ ...local, id: 'audit', title: 'audit log' },
      run: (context) => lookAtAudit(context, name),
    })),
    ...when(file, (name) => ({
      ...{ ...local, id: 'switch', title: 'hard switch' },
      run: () => lookAtSwitch(name),
    })),
    ...when(approval.directory, (name) => ({
      ...{ ...local, id: 'approvals', title: 'approvals' },
      run: (context) => lookAtApprovals(context, name),
    })),
    ...when(plant, (broker) => ({
      ...{ id: 'plant-broker', title: "plant's broker", deadlineMs: BROKER_MS, needs: [] },
      run: (context, signal) =>
        tryPlantBroker(context, {
          ...{ plant: broker, switchTopic: mqttTopic, signal },
          filters: topics.filter((topic) => topic !== undefined),
        }),
    })),
  ];
}

function when<T>(value: T | undefined, probe: (value: T) => Probe): Probe[] {
  return value === undefined ? [] : [probe(value)];
}

/** Nothing is made here: what root makes for a look, the agent's own user may not write later. */
async function lookAtAudit(context: ProbeContext, file: string): Promise<Outcome> {
  const directory = path.dirname(path.resolve(file));
  const self = process.geteuid?.() ?? 0;
  const other = setting(context.origin, 'audit.file', '/var/log/gatehouse/audit.jsonl', 'name another file');
  const unusable = (what: string, ...fixes: readonly Fix[]): Outcome =>
    failed('audit-unusable', `${file} ${what}`, 'the agent does not start without its audit log', fixes);
  try {
    const handle = await open(file, 'r');
    try {
      const found = await handle.stat();
      if (!found.isFile()) return unusable('is no regular file', other);
      if ((found.mode & 0o022) !== 0)
        return unusable(
          'can be written by others',
          command('keep it to the agent', `chmod 0600 ${word(file)}`),
        );
      if (found.size > 0 && (await readFirst(handle)) === undefined)
        return unusable(
          'is no audit log',
          other,
          command('or move it away', `mv ${word(file)} ${word(`${file}.old`)}`),
        );
    } finally {
      await handle.close();
    }
    if (await mayWrite(file))
      return { status: 'ok', detail: `${file}, which gatehouse audit verify looks through` };
    return unusable(
      `may not be written by user ${self}`,
      command('give it to that user', `sudo chown ${self} ${word(file)}`),
    );
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') return unusable(`cannot be read (${codeOf(error)})`, other);
  }
  if (await canMake(path.join(directory, 'x')))
    return { status: 'ok', detail: `${file} is made at the first start` };
  return unusable(
    `is not there, and user ${self} may not make it`,
    command('make its folder', `sudo install -d -m 0700 -o ${self} ${word(directory)}`),
    other,
  );
}

async function lookAtSwitch(file: string): Promise<Outcome> {
  const reading = await readSwitchFile(file);
  if (reading.isOn) return { status: 'ok', detail: `${file} says on` };
  const on = command('turn it on', `echo on > ${word(file)}`);
  if (reading.why === 'says off')
    return { status: 'ok', detail: `${file} says off: no session is let in`, fixes: [on] };
  const [, close] = /; run: (.+)$/.exec(reading.why) ?? [];
  return failed(
    'switch-unreadable',
    `${file} ${reading.why.replace(/; run: .*/, '')}`,
    'what cannot be read is off: no session is let in',
    [close === undefined ? on : command('keep it from everybody else', close)],
  );
}

async function lookAtApprovals({ origin }: ProbeContext, directory: string): Promise<Outcome> {
  const self = process.geteuid?.() ?? 0;
  const make = command('make it', `sudo install -d -m 0770 -o ${self} ${word(directory)}`);
  const elsewhere = setting(
    origin,
    'approval.directory',
    '/run/gatehouse/approvals',
    'name another directory',
  );
  const unusable = (what: string, ...fixes: readonly Fix[]): Outcome =>
    failed('approvals-unusable', `${directory} ${what}`, 'nobody can approve by a file', fixes);
  try {
    const found = await lstat(directory);
    if (!found.isDirectory()) return unusable('is no directory', elsewhere);
    if ((found.mode & 0o002) !== 0)
      return unusable(
        'can be written by everybody on this machine, who could approve',
        command('keep it to its owner and group', `chmod o-w ${word(directory)}`),
      );
    if (await mayWrite(directory)) return { status: 'ok', detail: directory };
    return unusable(
      `may not be written by user ${self}`,
      command('give it to that user', `sudo chown ${self} ${word(directory)}`),
    );
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') return unusable(`cannot be looked at (${codeOf(error)})`, elsewhere);
  }
  if (await canMake(directory)) return { status: 'ok', detail: `${directory} is made at the first start` };
  return unusable(`is not there, and user ${self} may not make it`, make, elsewhere);
}

function failed(fault: Fault, detail: string, advice: string, fixes: readonly Fix[]): Outcome {
  return { status: 'failed', fault, detail, advice, fixes, exit: EXIT.failed };
}

async function mayWrite(place: string): Promise<boolean> {
  return access(place, constants.W_OK).then(
    () => true,
    () => false,
  );
}
