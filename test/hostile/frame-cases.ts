import type { EndReason } from '../../contract/session-state.js';
import type { Case, Written } from './cases.js';

/** A line of frames.json. */
export interface FrameCase extends Case {
  readonly bytes: Written;
  readonly expect: {
    /** What is handed on before anything else happens; default nothing. */
    readonly payload?: Written;
    /** `ping:<hex>` and `close:<code> <reason>`, in order. */
    readonly events?: readonly string[];
    /** Of a violation. */
    readonly closeCode?: number;
    readonly reason?: EndReason;
  };
  /** Also played to a whole agent. */
  readonly throughAgent?: boolean;
}
