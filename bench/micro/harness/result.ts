import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

/** Version of the result's format; one more when a field changes its meaning or goes. */
export const RESULT_SCHEMA = 1;

const measurementSchema = z.strictObject({
  name: z.string(),
  /** At the median. */
  operationsPerSecond: z.number(),
  /** Time of one operation, in ns, over samples of `operationsPerSample` operations each. */
  p50Ns: z.number(),
  p99Ns: z.number(),
  meanNs: z.number(),
  /** 95 % confidence of the mean, in percent of it. */
  marginPercent: z.number(),
  samples: z.int(),
  operationsPerSample: z.int(),
  /** Payload bytes of one operation, and what that makes at the median; where bytes are moved. */
  bytes: z.int().optional(),
  gibPerSecond: z.number().optional(),
});

/** What one run of the micro benches found, as it is stored and as a child process prints it. */
export const resultSchema = z.strictObject({
  schema: z.literal(RESULT_SCHEMA),
  kind: z.literal('micro'),
  /** When the run began, ISO 8601. */
  date: z.iso.datetime(),
  /** Short hash, with `-dirty` when code was changed; `unknown` outside of a repository. */
  commit: z.string(),
  machine: z.strictObject({ id: z.string(), cpu: z.string(), cores: z.int(), arch: z.string() }),
  node: z.string(),
  /** Measuring time of each bench, in ms. */
  timeMs: z.number(),
  benches: z.array(measurementSchema),
});

/** Figures of one bench. */
export type Measurement = Readonly<z.infer<typeof measurementSchema>>;

/** A run with its circumstances. */
export type MicroResult = Readonly<z.infer<typeof resultSchema>>;

/** `<machine>-<commit>.json`: a later run of the same code on the same machine takes its place. */
export function resultFileName({ machine, commit }: Pick<MicroResult, 'machine' | 'commit'>): string {
  return `${machine.id}-${commit}.json`;
}

/** Text of a result or comparison file. */
export function jsonText(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** Writes the result into `folder`, which is made if need be, and gives the file's path. */
export function storeResult(folder: string, result: MicroResult): string {
  const file = path.join(folder, resultFileName(result));
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, jsonText(result));
  return file;
}
