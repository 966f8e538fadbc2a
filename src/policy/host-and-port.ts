/** `plc-1:22`, `[fd00::67]:22`. */
export function hostAndPort(hostname: string, port: number): string {
  return hostname.includes(':') ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
