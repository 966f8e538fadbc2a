import { cutToBytes } from '../../contract/failure.js';
import type { Secret } from '../../contract/secret.js';
import type { AskedBy } from './intake.js';

/** Bytes that are kept of one text; the descriptions of the platform have some 60. */
const MAX_TEXT_BYTES = 200;

/**
 * What an operation tells of who asked. Cumulocity puts no user into operations (its own audit log has him, by the
 * operation's id); the description names the endpoint that was opened, and a `creator` is taken where a cloud sends one.
 * A text that holds the connection key is left out. Undefined when it tells nothing.
 */
export function askedBy(document: object, connectionKey?: Secret): AskedBy | undefined {
  const textOf = (holder: unknown, name: string): string | undefined => {
    const value: unknown =
      typeof holder === 'object' && holder !== null
        ? Object.getOwnPropertyDescriptor(holder, name)?.value
        : undefined;
    if (typeof value !== 'string' || value === '') return undefined;
    if (connectionKey !== undefined && value.includes(connectionKey.reveal())) return undefined;
    return cutToBytes(value.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').toWellFormed(), MAX_TEXT_BYTES);
  };
  const source: unknown = Object.getOwnPropertyDescriptor(document, 'externalSource')?.value;
  const description = textOf(document, 'description');
  const deviceName = textOf(document, 'deviceName');
  const deviceExternalId = textOf(source, 'externalId');
  const by = textOf(document, 'creator');
  const texts = {
    ...(description === undefined ? {} : { description }),
    ...(deviceName === undefined ? {} : { deviceName }),
    ...(deviceExternalId === undefined ? {} : { deviceExternalId }),
    ...(by === undefined ? {} : { by }),
  };
  return Object.keys(texts).length === 0 ? undefined : texts;
}
