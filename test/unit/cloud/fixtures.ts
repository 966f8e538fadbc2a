import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../../src/config/config.js';
import { Secret } from '../../../contract/secret.js';
import { createCloud, type Cloud, type CloudOptions } from '../../../src/cloud/cloud.js';
import { RawDocument } from '../../../src/cloud/json-envelope.js';
import type { CloudLink, ParsedOperation } from '../../../src/cloud/intake.js';
import type { Log } from '../../../src/cloud/log.js';
import { DEFAULT_TIMING, type Timing } from '../../../src/cloud/timing.js';

/** Waits so short that a test of many tries is over in well under a second. */
export const FAST: Timing = {
  ...DEFAULT_TIMING,
  backoff: { baseMs: 4, capMs: 20, slowCapMs: 30, resetMs: 60_000 },
  requestMs: 2_000,
  pollMs: 300,
  pollGraceMs: 300,
  pollGapMs: 2,
  adviceNoneMs: 30,
  fallbackPollMs: 10,
  mqttConnectMs: 500,
  mqttAckMs: 500,
};

/** Resolves once `condition` holds; rejects, naming `what`, when it does not within `limitMs`. */
export async function until(condition: () => boolean, what: string, limitMs = 5_000): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`waited ${limitMs} ms in vain: ${what}`);
    await sleep(2);
  }
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly text: string;
}

/** A logger that keeps its lines. */
export function memoryLog(): Log & { readonly lines: LogLine[]; warnings(): string[] } {
  const lines: LogLine[] = [];
  const at = (level: string) => (fields: object, message: string) => {
    lines.push({ level, message, text: JSON.stringify(fields) });
  };
  return {
    lines,
    warnings: () => lines.filter(({ level }) => level === 'warn').map(({ message }) => message),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  };
}

/** A stand-in for the operation parser: takes what the tests write. */
export function parseOperation(raw: unknown): ParsedOperation {
  const document: unknown = raw instanceof RawDocument ? JSON.parse(Buffer.from(raw.bytes).toString()) : raw;
  const { id, deviceId, status, c8y_RemoteAccessConnect: fragment } = document as Record<string, unknown>;
  if (status !== 'PENDING' || fragment === undefined) return { kind: 'ignored', why: 'not PENDING' };
  const { hostname, port, connectionKey } = fragment as Record<string, unknown>;
  return {
    kind: 'connect',
    operation: {
      id: id as string,
      deviceId: deviceId as string,
      hostname: hostname as string,
      port: port as number,
      connectionKey: new Secret(connectionKey as string),
      createdAtMs: undefined,
    },
  };
}

export function cloudConfig(url: string, overrides: Partial<Config['cloud']> = {}): Config['cloud'] {
  return {
    url,
    remoteAccessUrl: url,
    tenant: 't0815',
    credentials: { kind: 'basic', user: 'device_gw-7', password: new Secret('p4ssw0rd') },
    ca: undefined,
    credentialFiles: [],
    tokenPlaces: [],
    proxy: undefined,
    remoteAccessProxy: overrides.proxy,
    mqttProxy: overrides.proxy,
    minTlsVersion: 'TLSv1.2',
    ...overrides,
  };
}

export interface Side {
  readonly cloud: Cloud;
  readonly log: ReturnType<typeof memoryLog>;
  readonly links: CloudLink[];
  /** What it counted against the other side, in order. */
  readonly violations: string[];
  /** Ids of the operations delivered, in order. */
  readonly delivered: string[];
  /** State of the link now. */
  state(): string;
}

/** A device side with fast waits, and what it told. */
export function deviceSide(
  config: CloudOptions['config'],
  options: Partial<CloudOptions> & {
    onId?: (id: string, side: Side) => void;
    onCancelled?: (id: string) => void;
  } = {},
): Side {
  const log = memoryLog();
  const links: CloudLink[] = [];
  const delivered: string[] = [];
  const violations: string[] = [];
  const cloud = createCloud({
    config,
    version: '1.2.3',
    log,
    events: {
      onOperation: (parsed) => {
        if (parsed.kind !== 'connect') return;
        delivered.push(parsed.operation.id);
        options.onId?.(parsed.operation.id, side);
      },
      onLink: (link) => links.push(link),
      onViolation: (violation, count = 1) => violations.push(...Array<string>(count).fill(violation)),
      onCancelled: (id) => options.onCancelled?.(id),
    },
    isOurs: () => false,
    parseOperation,
    parseOperations: (payload) =>
      payload
        .toString()
        .split('\n')
        .map((line) => parseOperation(JSON.parse(line))),
    parseJson: (document) => JSON.parse(document.toString()) as unknown,
    timing: FAST,
    ...options,
  });
  const side: Side = {
    cloud,
    log,
    links,
    violations,
    delivered,
    state: () => links.at(-1)?.state ?? 'unknown',
  };
  return side;
}

export function deviceConfig(children: readonly string[] = []): Config['device'] {
  return {
    externalId: 'gw-7',
    externalIdType: 'c8y_Serial',
    name: 'Gateway 7',
    children: children.map((externalId) => ({
      externalId,
      name: `Name of ${externalId}`,
      targets: undefined,
    })),
  };
}

export function restIntake(): Config['intake'] {
  return { kind: 'rest', mqttUrl: '', operationAgeMs: 300_000 };
}
