import type { Config } from '../config/config.js';
import { RestError } from './rest-error.js';
import { isTlsCode, tlsSentence } from './tls-trouble.js';

/** What an HTTP exchange with `origin` failed of, below the reply. */
export function networkError(error: unknown, origin: string, proxy: Config['cloud']['proxy']): RestError {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : '';
  const refusal = /Proxy response \((\d{3})\)/.exec(message)?.[1];
  if (proxy !== undefined && refusal !== undefined) {
    return new RestError(
      'proxy',
      `the proxy ${proxy.host}:${proxy.port} answered ${refusal} to CONNECT${hintAt(refusal)}`,
      {
        cause: error,
      },
    );
  }
  if (error instanceof Error && error.name === 'HTTPParserError') {
    return new RestError('protocol', `${origin} does not speak HTTP; check cloud.url`, { cause: error });
  }
  const way = proxy === undefined ? '' : ` through the proxy ${proxy.host}:${proxy.port}`;
  if (isTlsCode(code)) {
    return new RestError('tls', tlsSentence(`${origin}${way}`, code, Date.now()), { cause: error });
  }
  return new RestError('unreachable', `${origin} cannot be reached${way} (${code})`, { cause: error });
}

/** What to do about a status that a proxy answered to CONNECT, as the rest of a sentence; empty for most. */
export function hintAt(status: string): string {
  if (status === '407') return ': it asks for user and password; set them in cloud.proxy';
  return status === '403'
    ? ': it does not let this gateway there; allow CONNECT to that host and port on it'
    : '';
}

function codeOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') return at.code;
  }
  return error instanceof Error ? error.name : 'unknown';
}
