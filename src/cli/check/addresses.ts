import { lookup } from 'node:dns/promises';
import { Timeout } from './connection-error.js';

/**
 * The addresses of a host name, as this machine resolves it.
 * @throws Error of the resolver; one with the code EAI_AGAIN when the signal's time was up first.
 */
export async function addressesOf(host: string, signal: AbortSignal): Promise<readonly string[]> {
  try {
    const addresses = await orAborted(lookup(host, { all: true }), signal);
    return addresses.map(({ address }) => address);
  } catch (error) {
    if (!(error instanceof Timeout)) throw error;
    // A name server that is not there is waited for longer than we wait.
    throw Object.assign(new Error('the DNS server does not answer'), { code: 'EAI_AGAIN' });
  }
}

/** getaddrinfo cannot be cancelled, only left behind. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener(
      'abort',
      () => reject(signal.reason instanceof Error ? signal.reason : new Timeout(0)),
      {
        once: true,
      },
    );
  });
  return Promise.race([work, aborted]);
}
