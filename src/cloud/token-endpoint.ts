import type { Config, DeviceCertificate, TokenPlace } from '../config/config.js';
import type { CloudClock } from './cloud-clock.js';
import { RestClient } from './rest-client.js';
import { hasStatus, RestError } from './rest-error.js';
import { isToken } from './token.js';
import type { TokenWay } from './token-way.js';

const PATH = '/devicecontrol/deviceAccessToken';

/** Longest time for the endpoint's answer, in ms; then there is time left for another way. */
const ANSWER_MS = 12_000;

/** The endpoint is asked for a document of one field. */
interface EndpointOptions {
  readonly place: TokenPlace;
  readonly certificate: DeviceCertificate;
  readonly trust: Pick<Config['cloud'], 'ca' | 'minTlsVersion'>;
  readonly clock: CloudClock;
  readonly parseJson: (document: Buffer) => unknown;
}

/** Tokens of the device access token endpoint, for whoever shows a device certificate in the TLS handshake. */
export class TokenEndpoint implements TokenWay {
  readonly kind = 'endpoint';
  readonly #certificate: DeviceCertificate;
  readonly #rest: RestClient;

  constructor({ place, certificate, trust, clock, parseJson }: EndpointOptions) {
    this.#certificate = certificate;
    this.#rest = new RestClient({
      cloud: { ...trust, url: place.url, proxy: place.proxy },
      credentials: {
        authorization: () => Promise.resolve(undefined),
        renewed: () => Promise.resolve(undefined),
      },
      certificate,
      clock,
      parseJson,
      requestMs: ANSWER_MS,
    });
  }

  async fetch(signal: AbortSignal): Promise<string> {
    try {
      const headers = chainHeader(this.#certificate.chain);
      const reply = await this.#rest.send({ method: 'POST', path: PATH, headers, signal });
      const token: unknown =
        typeof reply === 'object' && reply !== null ? Reflect.get(reply, 'accessToken') : undefined;
      if (typeof token === 'string' && isToken(token)) return token;
    } catch (error) {
      throw this.#explained(error);
    }
    throw new RestError('unreadable', `POST ${PATH} at ${this.#rest.origin} answered without a token`);
  }

  close(): Promise<void> {
    return this.#rest.close();
  }

  #explained(error: unknown): unknown {
    if (!(error instanceof RestError) || error.status === undefined) return error;
    const { status } = error;
    const { origin } = this.#rest;
    if (hasStatus(error, 401, 403)) {
      const name = JSON.stringify(this.#certificate.commonName);
      const sentence = `${origin} does not accept the certificate of ${name} (${status}): its authority must be among the trusted certificates of the tenant, and the device registered`;
      return new RestError('status', sentence, { status, cause: error });
    }
    if (hasStatus(error, 404)) {
      const sentence = `${origin} has no token endpoint (404); set cloud.tokenUrl`;
      return new RestError('status', sentence, { status, cause: error });
    }
    return error;
  }
}

/**
 * Where the tenant trusts the root only, it wants to see what is between that and the device's certificate, in a header
 * of the platform: PEM with blanks for line breaks.
 */
function chainHeader(chain: string): Record<string, string> {
  const certificates = chain.match(/-----BEGIN CERTIFICATE-----/g)?.length ?? 0;
  return certificates < 2 ? {} : { 'x-ssl-cert-chain': chain.trim().replace(/\s*\n\s*/g, ' ') };
}
