import { domainToASCII, domainToUnicode } from 'node:url';
import ipaddr from 'ipaddr.js';
import { withoutDottedEnd } from '../../contract/ipv6-text.js';

/** A host name in normal form, or what is wrong with it as the end of a sentence that starts with the value. */
export type HostnameCheck =
  { readonly ok: true; readonly hostname: string } | { readonly ok: false; readonly why: string };

/** Longest DNS name in characters, without the trailing dot (RFC 1035 section 2.3.4). */
const MAX_NAME = 253;

const MAX_LABEL = 63;

/** Dotted decimal as the kernel prints it: four numbers without leading zeros. */
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** Letters, digits, hyphen and the underscore that plants use although RFC 952 does not. */
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/;

/** What the WHATWG URL standard and inet_aton read as a number. */
const NUMBER_LABEL = /^(?:\d+|0x[0-9a-f]*)$/;

/** Scripts whose letters look like one another's. A label may have letters of one of them. */
const LOOK_ALIKE_SCRIPTS = [
  /\p{Script=Latin}/u,
  /\p{Script=Cyrillic}/u,
  /\p{Script=Greek}/u,
  /\p{Script=Armenian}/u,
];

/**
 * The normal form of a host from an operation: a lower-case ASCII name without trailing dot (international names as
 * `xn--`), or a canonical IPv4 or IPv6 address without brackets. Normalising the result again gives the same.
 *
 * What other programs may read as an address in disguise (`127.1`, `0x7f.1`, `１２７.0.0.1`) is refused: a name whose
 * last label is a number is no name (RFC 3696 section 2). So are zone ids, ports, user names and anything of a URL.
 */
export function normaliseHostname(text: string): HostnameCheck {
  if (text === '') return refuse('is empty');
  if (text.length > MAX_NAME + 1) return refuse(`is longer than ${MAX_NAME} characters`);
  if (/[\s\p{Cc}]/u.test(text)) return refuse('holds a blank or control character');
  if (IPV4.test(text)) return accept(text);
  if (text.startsWith('[') || text.includes(':')) return ipv6(text);
  return name(text);
}

function ipv6(text: string): HostnameCheck {
  const inner = /^\[([^[\]]*)\]$/.exec(text)?.[1] ?? text;
  if (inner.includes('%'))
    return refuse('has a zone id, which means nothing to the cloud; leave out the % part');
  const [, head = '', tail] = /^([0-9a-f:]*:)([0-9.]+\.[0-9.]+)$/i.exec(inner) ?? [];
  const isAddress =
    tail === undefined ? /^[0-9a-f:]+$/i.test(inner) : IPV4.test(tail) && /^[0-9a-f:]+$/i.test(head);
  if (isAddress && ipaddr.IPv6.isValid(inner)) {
    return accept(ipaddr.IPv6.parse(withoutDottedEnd(inner)).toRFC5952String());
  }
  if (/^[^:]+:\d*$/.test(text) || /^\[.*\]:\d*$/.test(text)) {
    return refuse('has a port behind the host; the port has its own field');
  }
  return refuse('is neither a host name nor an IPv6 address');
}

function name(text: string): HostnameCheck {
  const bare = text.endsWith('.') ? text.slice(0, -1) : text;
  const isInternational = /[^\0-\x7F]/.test(bare) || /(?:^|\.)xn--/i.test(bare);
  const ascii = isInternational ? international(bare) : bare.toLowerCase();
  if (typeof ascii !== 'string') return ascii;
  if (ascii.length > MAX_NAME) return refuse(`is longer than ${MAX_NAME} characters`);
  const labels = ascii.split('.');
  if (labels.includes('')) return refuse('has an empty label');
  if (labels.some((label) => label.length > MAX_LABEL)) {
    return refuse(`has a label longer than ${MAX_LABEL} characters`);
  }
  if (!labels.every((label) => LABEL.test(label))) {
    return refuse('is no host name: a label has letters, digits, - and _ and neither starts nor ends with -');
  }
  if (looksLikeNumber(labels)) {
    return refuse('is no host name because it ends in a number, and no IPv4 address like 10.0.5.7');
  }
  return accept(ascii);
}

/** Also `1.2.3.4x`: four labels that each start with a digit are a mistyped address, not a name. */
function looksLikeNumber(labels: readonly string[]): boolean {
  const last = labels.at(-1) ?? '';
  return NUMBER_LABEL.test(last) || (labels.length > 1 && labels.every((label) => /^\d/.test(label)));
}

/** The `xn--` form of a name, checked in its readable form however it came. */
function international(text: string): string | HostnameCheck {
  const ascii = domainToASCII(text);
  const readable = domainToUnicode(ascii);
  // Newer versions of Node hand an xn-- label that decodes to nothing on as it is.
  if (ascii === '' || /(?:^|\.)xn--/.test(readable) || domainToASCII(readable) !== ascii) {
    return refuse('is no valid international name');
  }
  const why = unreadable(text) ?? unreadable(readable);
  return why === undefined ? ascii : refuse(why);
}

/** What is wrong with the characters of an international name. */
function unreadable(text: string): string | undefined {
  const composed = text.normalize('NFC').toLowerCase();
  if (composed.normalize('NFKC') !== composed) return 'holds a character that is another one in disguise';
  for (const label of composed.split('.')) {
    if (!/^[\p{L}\p{M}0-9_-]*$/u.test(label)) return 'holds a character that no host name has';
    if (/^\p{M}/u.test(label)) return 'has a label that starts with a combining mark';
    if (LOOK_ALIKE_SCRIPTS.filter((script) => script.test(label)).length > 1) {
      return 'mixes look-alike letters of several scripts in one label';
    }
  }
  return undefined;
}

function accept(hostname: string): HostnameCheck {
  return { ok: true, hostname };
}

function refuse(why: string): HostnameCheck {
  return { ok: false, why };
}
