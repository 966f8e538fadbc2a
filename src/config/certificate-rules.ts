import { commonNameOf, mismatch } from './device-certificate.js';
import type { Findings, RuleInput } from './rules.js';

/** What concerns the device certificate, its key, its time, and where it is shown. */
export function deviceCertificate(input: RuleInput, findings: Findings): void {
  const { values, entries, locate, nowhere } = input;
  const { 'cloud.certFile': certificate, 'cloud.keyFile': key } = values;
  if (certificate === undefined) return;
  const at = (name: string) => ({
    source: entries.get(name)?.source ?? locate(nowhere, name),
    key: name,
  });
  const fault = key === undefined ? undefined : mismatch(certificate, key);
  if (fault !== undefined)
    findings.problems.push({ ...at('cloud.keyFile'), message: fault, example: undefined });
  const late = timeNotice(certificate.leaf, input.nowMs);
  if (late !== undefined) findings.warnings.push({ ...at('cloud.certFile'), message: late });
  const name = commonNameOf(certificate.leaf);
  const externalId = values['device.externalId'];
  if (externalId !== undefined && name !== externalId) {
    const message = `is a certificate for ${JSON.stringify(name)}, but device.externalId is ${JSON.stringify(externalId)}; the cloud knows a device by the common name of its certificate`;
    findings.warnings.push({ ...at('cloud.certFile'), message });
  }
  mqttByCertificate(input, findings);
}

/**
 * No error: a gateway without a battery for its clock starts in 1970, and a certificate may be renewed while the agent
 * runs. Until then the cloud refuses it, and the log says why.
 */
function timeNotice(
  leaf: { readonly validFrom: string; readonly validTo: string },
  nowMs: number,
): string | undefined {
  const clock = `this machine's clock says ${day(nowMs)}`;
  const fromMs = Date.parse(leaf.validFrom);
  const toMs = Date.parse(leaf.validTo);
  if (nowMs > toMs)
    return `is a certificate that expired on ${day(toMs)} (${clock}); have it renewed, the new file is taken without a restart`;
  if (nowMs < fromMs)
    return `is a certificate that is valid from ${day(fromMs)} only (${clock}); correct the clock (timedatectl), or wait`;
  return undefined;
}

/** TLS to the broker carries the certificate: where there is no TLS of ours, or a WebSocket, the cloud sees none. */
function mqttByCertificate({ values, entries, locate, nowhere }: RuleInput, { problems }: Findings): void {
  const url = values['intake.mqttUrl'];
  if (values['intake.kind'] !== 'mqtt' || url === undefined || url.startsWith('mqtts:')) return;
  const key = 'intake.mqttUrl';
  problems.push({
    source: entries.get(key)?.source ?? locate(nowhere, key),
    key,
    message:
      'must begin with mqtts:// where cloud.certFile logs in; over WebSockets and without TLS no certificate is seen',
    example: 'mqtts://acme.example.com:8883',
  });
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
