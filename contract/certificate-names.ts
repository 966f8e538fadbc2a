/**
 * An error for a certificate without a subject alternative name, else undefined. Its common name has not counted as a
 * host since RFC 9525 (section 2, "CN-ID"); Node, which checks what is there, would still take it.
 */
export function nameless(certificate: { readonly subjectaltname?: string | undefined }): Error | undefined {
  if (certificate.subjectaltname !== undefined) return undefined;
  const error = new Error('the certificate has no subject alternative name');
  return Object.assign(error, { code: 'CERT_WITHOUT_ALTNAME' });
}
