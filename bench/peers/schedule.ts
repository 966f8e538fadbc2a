/** One run to do. */
export interface Turn<Peer, Workload> {
  /** From 0. */
  readonly round: number;
  readonly workload: Workload;
  readonly peer: Peer;
}

/**
 * All runs in their order: in every round each workload goes over all peers, so that a machine that changes meanwhile
 * changes for all of them; and each round begins with another peer, so that none always follows the same one.
 */
export function schedule<Peer, Workload>(
  rounds: number,
  workloads: readonly Workload[],
  peers: readonly Peer[],
): Turn<Peer, Workload>[] {
  return Array.from({ length: rounds }, (_, round) => round).flatMap((round) =>
    workloads.flatMap((workload) => rotated(peers, round).map((peer) => ({ round, workload, peer }))),
  );
}

function rotated<T>(items: readonly T[], by: number): T[] {
  const first = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}
