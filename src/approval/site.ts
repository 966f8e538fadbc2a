import type { ApprovalAnswer, ApprovalOutcome, ApprovalView } from '../../contract/approval.js';

/** What every way of asking needs of the rest. */
export interface ApprovalSite {
  /** External id of the gateway: several may share a broker. */
  readonly gateway: string;
  /** Number of this run of the agent. */
  readonly generation: number;
  /** Whether that generation is another one that works beside this one. */
  readonly isElder: (generation: number) => boolean;
  readonly list: () => readonly ApprovalView[];
  readonly has: (id: string) => boolean;
  readonly answer: (id: string, answer: ApprovalAnswer) => ApprovalOutcome;
}

/** A request as it is put before people, with where it came from. */
export function published(site: Pick<ApprovalSite, 'gateway' | 'generation'>, request: ApprovalView): object {
  const { gateway, generation } = site;
  return { ...request, gateway, generation };
}

/** Whether `text` is a request that this gateway put there, and that nobody waits for any more. */
export function isLeftOver(site: ApprovalSite, id: string, text: string): boolean {
  const { gateway, generation } = fieldsOf(text);
  if (gateway !== site.gateway || typeof generation !== 'number' || site.has(id)) return false;
  // A later one looks after its own.
  return generation <= site.generation && !site.isElder(generation);
}

/** The fields of a JSON object; none for anything else. */
export function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}
