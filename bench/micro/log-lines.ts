import { randomUUID } from 'node:crypto';
import { createLog } from '../../src/log/log.js';
import type { LogOutput } from '../../src/log/log-sink.js';
import { CONNECTION_KEY_KIND, Redactor } from '../../src/log/redaction.js';
import type { MicroBench } from './harness/micro-bench.js';

/** Connection keys of sessions that are under way, all of which are looked for in every line. */
const CONNECTION_KEYS = 1_000;

/** What the end of a session costs in the log: fields, JSON, and the search for secrets. */
export function logLineBenches(): readonly MicroBench[] {
  return [
    closedSession('log line of a closed session', CONNECTION_KEYS),
    closedSession('log line of a closed session, nothing to redact', 0),
  ];
}

function closedSession(name: string, connectionKeys: number): MicroBench {
  return {
    name,
    prepare: () => {
      const redactor = new Redactor();
      for (let key = 0; key < connectionKeys; key += 1) redactor.add(randomUUID(), CONNECTION_KEY_KIND);
      const { log } = createLog({ level: 'info', format: 'json', redactor, destination: PROMPT_OUTPUT });
      return { run: () => log.info(fields(), 'session ended') };
    },
  };
}

/** What the supervisor tells of a session that ended. */
function fields(): object {
  return {
    sessionId: '5f0c9a355d',
    operationId: '90018',
    deviceId: '40512',
    conduit: 'packaging-hmis',
    reason: 'cloud-close',
    detail: 'the cloud closed with 1000',
    uplinkBytes: 73_400_320,
    downlinkBytes: 51_204,
    durationMs: 184_220,
  };
}

/** Takes every line at once; what a disk or a pipe costs is not ours. */
const PROMPT_OUTPUT: LogOutput = {
  write: (bytes, done) => done(null, bytes.length),
  writeSync: (bytes) => bytes.length,
};
