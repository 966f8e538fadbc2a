/** What to try with a local port, judged by the port on the target. */
export function nextStep(targetPort: number, localPort: number): string {
  switch (targetPort) {
    case 22:
      return `ssh -p ${localPort} user@127.0.0.1`;
    case 23:
      return `telnet 127.0.0.1 ${localPort}`;
    case 80:
    case 8000:
    case 8080:
      return `curl http://127.0.0.1:${localPort}/`;
    case 443:
    case 8443:
      return `curl --insecure https://127.0.0.1:${localPort}/`;
    case 3389:
      return `xfreerdp /v:127.0.0.1:${localPort}`;
    default:
      return targetPort >= 5900 && targetPort <= 5999
        ? `vncviewer 127.0.0.1::${localPort}`
        : `nc 127.0.0.1 ${localPort}`;
  }
}
