/*
 * Guards around the callbacks of a session: an exception ends that session. Without them it would end the thread, and
 * with it every neighbour.
 */

export function guarded<Arguments extends unknown[]>(
  onException: (error: unknown) => void,
  listener: (...values: Arguments) => void,
): (...values: Arguments) => void {
  return (...values) => {
    try {
      listener(...values);
    } catch (error) {
      onException(error);
    }
  };
}

/** The same for reads; after an exception the socket stays paused. */
export function guardedRead(
  onException: (error: unknown) => void,
  onBytes: (buffer: Buffer, length: number) => boolean,
): (buffer: Buffer, length: number) => boolean {
  return (buffer, length) => {
    try {
      return onBytes(buffer, length);
    } catch (error) {
      onException(error);
      return false;
    }
  };
}
