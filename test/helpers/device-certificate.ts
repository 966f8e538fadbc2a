import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Cloud } from '../../simulator/cloud.js';
import type { KeyAndCertificate, Life } from '../../simulator/tls/authority.js';

/** Settings under `cloud` for a device that logs in by certificate, all of them files in one folder. */
export interface CertificateSettings {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
}

/** Has a certificate issued by the cloud's authority and writes it, its key and the authority into `folder`. */
export async function writeCertificate(
  cloud: Cloud,
  folder: string,
  { externalId = 'gw-7', life }: { externalId?: string; life?: Partial<Life> } = {},
): Promise<CertificateSettings> {
  const certificate = await cloud.issueDeviceCertificate(externalId, life);
  const caFile = path.join(folder, 'ca.pem');
  writeFileSync(caFile, cloud.ca ?? '');
  return { ...writeIdentity(folder, certificate), caFile };
}

/** Writes key and certificate where they are expected, the certificate last. */
export function writeIdentity(
  folder: string,
  { key, cert }: KeyAndCertificate,
): Pick<CertificateSettings, 'certFile' | 'keyFile'> {
  const [certFile, keyFile] = [path.join(folder, 'device.pem'), path.join(folder, 'device.key')];
  writeFileSync(keyFile, key, { mode: 0o600 });
  writeFileSync(certFile, cert);
  return { certFile, keyFile };
}
