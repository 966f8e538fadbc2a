import type { StatusUpdate } from '../cloud/intake.js';

/** An operation that is about to be worked on. */
export interface Claim {
  readonly operationId: string;
  readonly deviceId: string;
  /** SHA-256 of its connection key, base64url. */
  readonly keyHash: string;
}

/** What the supervisor needs of a journal. */
export interface OperationJournal {
  /** Resolves when the claim is on the disk. Rejects, with a sentence for a person, when it cannot be put there. */
  claim(claim: Claim): Promise<void>;
}

/** An operation that an earlier run, or another generation, has begun. */
export interface PastOperation {
  readonly operationId: string;
  /** Undefined when it was refused before its key was used. */
  readonly keyHash: string | undefined;
  /** Undefined when somebody else still works on it. */
  readonly final: StatusUpdate | undefined;
}
