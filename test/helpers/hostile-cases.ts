import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import { exampleOperation, operationCases, type Expectation, type OperationCase } from './operation-cases.js';

/** What the agent has to make of one document of a cloud that means no good. */
export interface HostileCase {
  readonly what: string;
  /** Id of an operation of the platform that takes the status, if the case leaves the example's id alone. */
  readonly id: string;
  readonly bytes: Buffer;
  /** As the ledger tells it. */
  readonly story: string;
  /** What the failureReason names, for a refused one. */
  readonly fields: readonly string[];
  /** Set when the target may be dialled and the tunnel be asked for. */
  readonly key: string | undefined;
}

/** Where the cases are to play. */
export interface Stage {
  readonly deviceId: string;
  /** The one port of 127.0.0.1 that may be reached. */
  readonly allowedPort: number;
  /** Nothing may ever connect to this one; cases about host names point to it. */
  readonly decoyPort: number;
  /** A PENDING operation of the platform, fresh for each case. */
  readonly carrier: () => string;
}

/** `intake.operationAge`, in ms. */
const OPERATION_AGE_MS = 300_000;

/**
 * Every case of one document whose host needs no name server, moved onto the stage: with an id, a device, a key and a
 * time that work there, so that what is wrong with the case is all that is wrong with it.
 */
export function hostileCases(stage: Stage): HostileCase[] {
  return operationCases()
    .filter(({ expects: { length, 0: expect } }) => length === 1 && !needsNameServer(expect))
    .map((one) => onStage(one, stage));
}

function onStage({ group, name, message, value, expects }: OperationCase, stage: Stage): HostileCase {
  const [expect = { kind: 'ignored' }] = expects;
  const id = stage.carrier();
  const own = randomUUID();
  const isAboutHosts = group.startsWith('hostname-');
  const written = (message ?? Buffer.from(JSON.stringify(value))).toString('latin1');
  const { id: theirs, deviceId, creationTime } = exampleOperation();
  const text = written
    .replaceAll(`"${String(theirs)}"`, `"${id}"`)
    .replaceAll(`"${String(deviceId)}"`, `"${stage.deviceId}"`)
    .replaceAll(String(creationTime), new Date().toISOString())
    .replaceAll('0b8f3a52-6f0e-4f0c-9a35-5d3c1e7f9b10', own)
    .replaceAll('"port":22', `"port":${isAboutHosts ? stage.decoyPort : stage.allowedPort}`)
    .replaceAll('"hostname":"10.0.0.67"', isAboutHosts ? '"hostname":"10.0.0.67"' : '"hostname":"127.0.0.1"');
  const story = storyOf(group, text, expect, stage);
  const key = story.includes('EXECUTING') ? /"connectionKey":"([^"]*)"/.exec(text)?.[1] : undefined;
  return {
    what: `${group}: ${name}`,
    id,
    bytes: Buffer.from(text, 'latin1'),
    story,
    fields: expect.fields ?? [],
    key,
  };
}

function storyOf(group: string, text: string, expect: Expectation, { allowedPort }: Stage): string {
  if (expect.kind === 'ignored') return 'PENDING';
  if (expect.kind === 'refused' || group === 'device-id') return 'PENDING FAILED invalid-operation';
  const isStale = group === 'creation-time' && (expect.createdAt ?? Infinity) < Date.now() - OPERATION_AGE_MS;
  if (isStale) return 'PENDING FAILED operation-stale';
  const isAllowed =
    text.includes('"hostname":"127.0.0.1"') && new RegExp(`"port":${allowedPort}\\b`).test(text);
  return isAllowed ? 'PENDING EXECUTING FAILED cloud-key-unknown' : 'PENDING FAILED policy-denied';
}

/** Accepted host names would be looked up outside this machine. */
function needsNameServer(expect: Expectation | undefined): boolean {
  if (expect?.kind !== 'connect' || expect.hostname === undefined) return false;
  return isIP(expect.hostname) === 0 && expect.hostname !== 'localhost';
}
