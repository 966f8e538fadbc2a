/** What OpenSSL's verification errors mean to somebody who can mend them. */
const MEANING: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host name',
  CERT_WITHOUT_ALTNAME: 'its certificate has no subject alternative name; a common name alone does not count',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed; set cloud.caFile to trust it',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not from a trusted authority; set cloud.caFile to trust it',
  UNSPECIFIED: 'its certificate or key is too weak',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA:
    'it does not know the authority of our certificate; upload that to the trusted certificates of the tenant',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'it takes our certificate for expired; renew it',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'it does not accept our certificate',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: 'it does not accept our certificate',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED: 'our certificate is revoked there',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'it wants to see a certificate of ours; set cloud.certFile',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate is not from a trusted authority; set cloud.caFile to trust it',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its certificate is not from a trusted authority; set cloud.caFile to trust it',
};

/** Errors that a wrong clock of the gateway causes as well: one without a battery starts in 1970. */
const OF_TIME = ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'];

/** True for the code of an error of TLS, certificates included. */
export function isTlsCode(code: string): boolean {
  // OpenSSL's verdict on a key that is too short has no name in Node: UNSPECIFIED.
  return code === 'EPROTO' || code === 'UNSPECIFIED' || /CERT|TLS|SSL|SIGNATURE/.test(code);
}

/**
 * The sentence for a TLS connection to `place` that failed. Where time matters it names the gateway's date: only the
 * day, so that an outage of one cause has one sentence.
 */
export function tlsSentence(place: string, code: string, wallMs: number): string {
  const meaning = MEANING[code];
  const why = meaning === undefined ? code : `${meaning} (${code})`;
  const hint = OF_TIME.includes(code) ? `; the gateway's clock says ${dayOf(wallMs)}` : '';
  return `TLS to ${place} failed: ${why}${hint}; nothing was sent`;
}

function dayOf(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 10);
}
