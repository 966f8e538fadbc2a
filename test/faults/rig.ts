/** What a row works with: an embedded cloud, an agent as a process of its own, targets and injectors. */
export interface Rig {
  /** Ends everything that the row started. */
  stop(): Promise<void>;
}
