import { Secret } from '../../contract/secret.js';
import { fits, patternForm } from './form.js';
import { BadValue, text } from './values.js';

/** Largest secret, in bytes; a JWT has about 800. */
export const MAX_SECRET_BYTES = 10_240;

/** As `text`, without a colon. */
const PART =
  '[^\\s:\\u0000-\\u001f\\u007f-\\u009f](?:[^:\\u0000-\\u001f\\u007f-\\u009f]*[^\\s:\\u0000-\\u001f\\u007f-\\u009f])?';

/** Tenant id; empty lets the cloud find it by the host name. */
export function tenantId(raw: unknown): string {
  fits(raw, () => patternForm(`|${PART}`, 'One line without a colon.', 256));
  return raw === '' ? '' : credentialPart(raw);
}

/** User or tenant of basic authentication (RFC 7617 section 2: no colon, no control character). */
export function credentialPart(raw: unknown): string {
  fits(raw, () => patternForm(PART, 'One line without a colon.', 256));
  const value = text(raw, 256);
  if (value.includes(':')) throw new BadValue('must not hold a colon');
  return value;
}

/** A password: any text of one line; blanks at its ends belong to it. */
export function password(raw: unknown): Secret {
  const anyText = '[^\\u0000-\\u001f\\u007f-\\u009f]+';
  fits(raw, () => patternForm(anyText, 'Text of one line.', MAX_SECRET_BYTES));
  if (typeof raw !== 'string') text(raw);
  const value = String(raw);
  if (value === '') throw new BadValue('is empty');
  if (Buffer.byteLength(value) > MAX_SECRET_BYTES)
    throw new BadValue(`is larger than ${MAX_SECRET_BYTES} bytes`);
  if (/\p{Cc}/u.test(value)) throw new BadValue('holds a control character or a line break');
  return new Secret(value);
}

/** A bearer token: visible ASCII, because it goes into a header as it is. */
export function bearerToken(raw: unknown): Secret {
  fits(raw, () => patternForm('[\\x21-\\x7e]+', 'Visible ASCII without blanks.', MAX_SECRET_BYTES));
  const secret = password(raw);
  if (!/^[\x21-\x7e]+$/.test(secret.reveal())) {
    throw new BadValue('holds characters that a bearer token cannot have (blanks, non-ASCII)');
  }
  return secret;
}
