import type { ServiceManager } from './service-manager.js';

/** Status is told this often where the unit wants no signs of life, in ms. */
const STATUS_MS = 30_000;

/** What the watchdog looks at. */
export interface Patient {
  /**
   * Asks the generation in charge how it is. Undefined when it does not answer in time; `nobody` while none is in
   * charge, which the parent is at work to change.
   */
  examine(limitMs: number): Promise<unknown>;
}

/**
 * Tells the service manager again and again that the agent works: the parent process turns, and the generation in
 * charge answers. When it stops answering, the signs of life stop, and the manager restarts the service.
 *
 * @returns `look` looks at once, for a status that has changed; `stop` stops it.
 */
export function watch(
  patient: Patient,
  manager: Pick<ServiceManager, 'alive' | 'watchdogMs'>,
): { readonly look: () => void; readonly stop: () => void } {
  const everyMs = manager.watchdogMs ?? STATUS_MS;
  let isExamining = false;
  let isWantedAgain = false;
  const look = async (): Promise<void> => {
    // What is found now may be older than what has changed since.
    isWantedAgain = isExamining;
    if (isExamining) return;
    isExamining = true;
    const finding = await patient.examine(everyMs);
    isExamining = false;
    if (finding !== undefined) manager.alive(sentence(finding));
    if (isWantedAgain) await look();
  };
  const timer = setInterval(() => void look(), everyMs);
  timer.unref();
  void look();
  return { look: () => void look(), stop: () => clearInterval(timer) };
}

/** One line out of the status as the admin listener shows it; a generation of another version may say less. */
function sentence(status: unknown): string {
  if (status === 'nobody') return 'a generation is being replaced';
  const { cloud, totals } = record(status);
  const { state, reason } = record(cloud);
  const { sessionsActive } = record(totals);
  const sessions = typeof sessionsActive === 'number' ? sessionsActive : 0;
  const open = sessions === 1 ? '1 session' : `${sessions} sessions`;
  if (state === 'connected') return `connected to the cloud, ${open}`;
  return `not connected to the cloud (${typeof reason === 'string' ? oneLine(reason) : 'unknown'}), ${open}`;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').slice(0, 200);
}
