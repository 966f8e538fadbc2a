import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CLOUD_ID } from '../../../contract/limits.js';
import { property, propertyAt } from '../json-value.js';
import { JsonError, parseJson } from '../json-document.js';
import { MAX_NOTIFICATION_BYTES } from '../operation.js';

/** Devices that are remembered: more than one gateway fronts. The one that was heard of longest ago goes first. */
const MAX_DEVICES = 10_000;

/** Longest external id; longer ones cannot be configured either. */
const MAX_ID_CHARACTERS = 256;

/** Name of the file in the state directory. */
const FILE = 'thin-edge-devices.json';

/** Largest file that is read, in bytes: as many devices with the longest ids. */
const MAX_FILE_BYTES = 4_194_304;

/**
 * External ids by managed-object id. Without REST nobody can be asked for them, but each operation names its device both
 * ways. Kept on disk too: a status that an earlier run left has to go to the topic of its device.
 */
export class DeviceDirectory {
  readonly #file: string | undefined;
  readonly #idType: string;
  readonly #devices = new Map<string, string>();

  /** `directory` undefined keeps it in memory. */
  constructor(directory: string | undefined, idType: string) {
    this.#file = directory === undefined ? undefined : path.join(directory, FILE);
    this.#idType = idType;
    this.#load();
  }

  /** The external id of a device; undefined when no operation has named it. */
  externalId(deviceId: string): string | undefined {
    return this.#devices.get(deviceId);
  }

  /**
   * Takes what the operations of one message, a JSON document per line, say of their devices. Never throws; when the
   * disk does not take it, `onFailure` hears of it.
   */
  learn(message: Uint8Array, onFailure: (cause: string) => void): void {
    if (message.byteLength > MAX_NOTIFICATION_BYTES) return;
    let isNews = false;
    for (const line of Buffer.from(message).toString('utf8').split('\n')) {
      if (line.trim() !== '') isNews = this.#learnFrom(line) || isNews;
    }
    if (isNews) this.#store(onFailure);
  }

  #learnFrom(line: string): boolean {
    const document = valueOf(line);
    const deviceId = property(document, 'deviceId');
    if (propertyAt(document, 'externalSource', 'type') !== this.#idType) return false;
    return this.#add(deviceId, propertyAt(document, 'externalSource', 'externalId'));
  }

  /** True when it is news. */
  #add(deviceId: unknown, externalId: unknown): boolean {
    if (typeof deviceId !== 'string' || !CLOUD_ID.test(deviceId)) return false;
    if (typeof externalId !== 'string' || externalId === '' || externalId.length > MAX_ID_CHARACTERS)
      return false;
    const known = this.#devices.get(deviceId);
    this.#devices.delete(deviceId);
    this.#devices.set(deviceId, externalId);
    const [oldest] = this.#devices.keys();
    if (this.#devices.size > MAX_DEVICES && oldest !== undefined) this.#devices.delete(oldest);
    return known !== externalId;
  }

  #load(): void {
    if (this.#file === undefined) return;
    try {
      const stored = parseJson(readFileSync(this.#file), { maxBytes: MAX_FILE_BYTES });
      for (const [deviceId, externalId] of Object.entries(stored as object)) this.#add(deviceId, externalId);
    } catch {
      // Missing or damaged, it is made anew: the next operation of each device brings it back.
    }
  }

  /** Rarely, as devices are few and stay: written at once and renamed, so that no reader sees half of it. */
  #store(onFailure: (cause: string) => void): void {
    if (this.#file === undefined) return;
    const draft = `${this.#file}.${process.pid}`;
    try {
      mkdirSync(path.dirname(this.#file), { recursive: true, mode: 0o700 });
      writeFileSync(draft, JSON.stringify(Object.fromEntries(this.#devices)), { mode: 0o600, flush: true });
      renameSync(draft, this.#file);
    } catch (error) {
      onFailure(error instanceof Error && 'code' in error ? String(error.code) : 'failed');
    }
  }
}

function valueOf(line: string): unknown {
  try {
    return parseJson(line, { maxBytes: MAX_NOTIFICATION_BYTES });
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}
