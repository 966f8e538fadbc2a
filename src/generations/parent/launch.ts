import { EXIT } from '../../exit-codes.js';
import { PROTOCOL } from '../messages.js';
import type { Fleet } from './fleet.js';
import type { Awaited, GenerationProcess } from './generation-process.js';
import type { ParentTiming } from './timing.js';

/** Why a generation did not get ready. */
export interface LaunchFailure {
  readonly kind: 'failed';
  /** What `gatehouse run` gives when it was the first one. */
  readonly exitCode: number;
  /** For people; empty when the generation has logged it itself. */
  readonly sentences: readonly string[];
}

/** Where a generation belongs. */
export interface Place {
  readonly kind: 'place';
  readonly generation: number;
  readonly stateDirectory: string | null;
}

export type Launch = { readonly kind: 'ready'; readonly process: GenerationProcess } | LaunchFailure;

export interface LaunchOptions {
  readonly fleet: Fleet;
  readonly timing: ParentTiming;
  /** Gives the generation its number and the state directory it has to use, unless that cannot be had. */
  readonly admit: (stateDirectory: string | null) => Promise<Place | LaunchFailure>;
  readonly proveCloud: boolean;
}

/** Starts a generation up to the point where it could take over. One that does not get there is gone afterwards. */
export async function launch({ fleet, timing, admit, proveCloud }: LaunchOptions): Promise<Launch> {
  const process = forked(fleet);
  if (typeof process === 'string') return { kind: 'failed', exitCode: EXIT.failed, sentences: [process] };
  const loaded = await process.wait('loaded', timing.loadMs);
  if (loaded.kind !== 'said') return failure(process, loaded, timing.loadMs);
  const { protocol, stateDirectory } = loaded.message;
  if (protocol !== PROTOCOL) {
    process.kill();
    const sentence = `The program on disk speaks protocol ${protocol}, this process ${PROTOCOL}: restart it.`;
    return { kind: 'failed', exitCode: EXIT.failed, sentences: [sentence] };
  }
  const place = await admit(stateDirectory);
  if (place.kind === 'failed') {
    process.kill();
    return place;
  }
  process.generation = place.generation;
  process.send({ ...place, kind: 'prepare', elders: fleet.eldersOf(process), proveCloud });
  const ready = await process.wait('ready', timing.readyMs);
  if (ready.kind !== 'said') return failure(process, ready, timing.readyMs);
  process.wasReady = true;
  return { kind: 'ready', process };
}

/** A system without memory or processes to spare refuses at once, by an exception. */
function forked(fleet: Fleet): GenerationProcess | string {
  try {
    return fleet.fork();
  } catch (error) {
    return `No process could be started: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function failure(
  process: GenerationProcess,
  outcome: Exclude<Awaited<'loaded' | 'ready'>, { kind: 'said' }>,
  limitMs: number,
): LaunchFailure {
  switch (outcome.kind) {
    case 'failed':
      return outcome;
    case 'late':
      process.kill();
      return {
        kind: 'failed',
        exitCode: EXIT.failed,
        sentences: [`It was not ready within ${limitMs / 1_000} s.`],
      };
    case 'ended': {
      const { code, signal } = outcome.end;
      const how = signal === null ? `exit code ${code ?? 0}` : `signal ${signal}`;
      return {
        kind: 'failed',
        exitCode: code === null || code === 0 ? EXIT.failed : code,
        sentences: [`Its process ended with ${how}.`],
      };
    }
  }
}
