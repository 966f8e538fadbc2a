/** Longest wait of any test for one event, in ms; reached only by a failure. */
const LIMIT_MS = 10_000;

/** `event`, or a rejection that names what did not come. */
export async function until<T>(what: string, event: Promise<T>, limitMs = LIMIT_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([event, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until `holds()`, looking once per turn of the event loop. */
export async function untilTrue(what: string, holds: () => boolean, limitMs = LIMIT_MS): Promise<void> {
  const endMs = Date.now() + limitMs;
  while (!holds()) {
    if (Date.now() > endMs) throw new Error(`${what} did not happen within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
