/**
 * The device identifier in a client id: all of it, the second part of `<type>:<identifier>`, or the middle part of
 * `<type>:<identifier>:<template>`. Undefined when there is none or there are more parts.
 */
export function deviceIdentifier(clientId: string): string | undefined {
  const parts = clientId.split(':');
  const identifier = parts.length === 1 ? parts[0] : parts[1];
  return parts.length > 3 || identifier === '' ? undefined : identifier;
}
