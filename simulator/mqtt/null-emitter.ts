/**
 * Stands in for the broker's message bus and carries nothing: on this endpoint clients never talk to each other, and
 * what the platform has to say goes to one client directly. Without it, a device could publish into another's `s/ds`.
 */
export const NULL_EMITTER = {
  on(_topic: string, _listener: unknown, done?: () => void): void {
    done?.();
  },
  removeListener(_topic: string, _listener: unknown, done?: () => void): void {
    done?.();
  },
  emit(_packet: unknown, done?: () => void): void {
    // As the real one: never within the call.
    if (done !== undefined) setImmediate(done);
  },
  close(done?: () => void): void {
    done?.();
  },
} as const;
