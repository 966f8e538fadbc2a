import { readFileSync } from 'node:fs';

/** Where distributions keep their trusted roots in one file: Debian, Alpine and Yocto; Fedora and RHEL; openSUSE. */
const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
] as const;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * `known` and what else this machine trusts: the system's bundle, and NODE_EXTRA_CA_CERTS, which Node forgets as soon as
 * roots are named. PEM, each certificate once. What cannot be read is left out, as Node does it.
 *
 * @param bundles the first one that is there counts.
 */
export function withSystemRoots(
  known: readonly string[],
  extraFile = process.env.NODE_EXTRA_CA_CERTS,
  bundles: readonly string[] = BUNDLES,
): string[] {
  const seen = new Set(known.map(withoutSpace));
  const system = bundles.map(certificatesOf).find((found) => found.length > 0) ?? [];
  const more = [...system, ...certificatesOf(extraFile ?? '')].filter((pem) => {
    const key = withoutSpace(pem);
    return !seen.has(key) && seen.add(key);
  });
  return [...known, ...more];
}

function certificatesOf(file: string): readonly string[] {
  try {
    return file === '' ? [] : (readFileSync(file, 'utf8').match(CERTIFICATE) ?? []);
  } catch {
    return [];
  }
}

function withoutSpace(pem: string): string {
  return pem.replace(/\s+/g, '');
}
