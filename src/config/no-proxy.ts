/**
 * Whether a NO_PROXY list names `host:port`, as curl and Go read it: entries separated by commas or blanks; `*` is
 * everything; `example.com` and `.example.com` also cover what is below; `host:port` covers one port.
 */
export function bypassesProxy(noProxy: string, host: string, port: number): boolean {
  const wanted = host.toLowerCase().replace(/^\[|\]$/g, '');
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => covers(entry, wanted, port));
}

function covers(entry: string, host: string, port: number): boolean {
  if (entry === '*') return true;
  const withPort = /^(.+?):(\d{1,5})$/.exec(entry);
  // `::1` has colons of its own: only a bracketed address can carry a port.
  const hasPort =
    withPort !== null && (entry.startsWith('[') ? entry.includes(']:') : entry.split(':').length === 2);
  const name = (hasPort ? (withPort[1] ?? '') : entry).replace(/^\[|\]$/g, '').replace(/^\*?\./, '');
  if (hasPort && Number(withPort[2]) !== port) return false;
  return name !== '' && (host === name || host.endsWith(`.${name}`));
}
