/** What newer versions of Node know beside the types of the oldest one. */
interface NewerReport {
  excludeNetwork?: boolean;
  excludeEnv?: boolean;
}

/**
 * For the first file of every process of the agent: closes what Node leaves open in a process that holds credentials.
 * Command-line flags and NODE_OPTIONS are stronger than any of this, and are the operator's own doing.
 */
export function hardenProcess(): void {
  closeDebugger();
  limitReports();
}

/** SIGUSR1 would open a debugger on loopback, to which every local user may then connect. */
function closeDebugger(): void {
  process.on('SIGUSR1', () => undefined);
}

/**
 * A diagnostic report holds the environment, and with it C8Y_PASSWORD, and the addresses of every socket. Both are left
 * out where Node can do so; where it cannot (Node 20), no report is written by itself.
 */
function limitReports(): void {
  const report = process.report as (NodeJS.ProcessReport & NewerReport) | undefined;
  if (report === undefined) return;
  report.excludeNetwork = true;
  if ('excludeEnv' in report) {
    report.excludeEnv = true;
    return;
  }
  report.reportOnFatalError = false;
  report.reportOnUncaughtException = false;
  report.reportOnSignal = false;
}
