/**
 * IPv6 text with a dotted end (`::10.0.5.7`) written in groups alone (`::a00:507`); any other text as it is. ipaddr.js
 * takes `::10.0.5.7` for the IPv4-mapped address, which is another one to everybody else.
 */
export function withoutDottedEnd(text: string): string {
  const [, head, ...parts] = /^(.*:)(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text) ?? [];
  if (head === undefined) return text;
  const [a = 0, b = 0, c = 0, d = 0] = parts.map(Number);
  return `${head}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}
