import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import type { ProcessIo } from '../../src/cli/process-io.js';
import { isLoopbackUrl } from './loopback.js';
import type { RemoteOptions } from './options.js';
import { expectedBytesPerSecond, isSaturating, profileOf } from './profiles.js';
import { bytesText, countText, printable, shortNumber } from './text.js';

/** Says what a remote run will do and asks whether to go on; true without asking on loopback and with --yes. */
export async function confirmRemote(options: RemoteOptions, io: ProcessIo): Promise<boolean> {
  io.stdout.write(`${planText(options)}\n`);
  if (options.yes || isLoopbackUrl(options.url)) return true;
  const isTerminal = io.stdout.isTTY === true && 'isTTY' in io.stdin && io.stdin.isTTY === true;
  if (!isTerminal) {
    io.stderr.write('There is no terminal to ask at; --yes goes on without asking.\n');
    return false;
  }
  const prompt = createInterface({ input: io.stdin, output: io.stdout });
  try {
    // Ctrl-C and the end of the input close the prompt, and its question would wait for ever.
    const closed = once(prompt, 'close').then(() => 'no');
    const answer = await Promise.race([prompt.question('Continue? [y/N] '), closed]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    prompt.close();
  }
}

/** What will happen, line by line. */
export function planText({
  url,
  device,
  remoteAccess,
  sessions,
  profile,
  minutes,
  ramp,
}: RemoteOptions): string {
  const begun = ramp === 0 ? 'all at once' : `${countText(ramp)} begun a second`;
  return printable(
    [
      `  cloud      ${new URL(url).host}`,
      `  device     ${device}, endpoint ${remoteAccess}`,
      `  sessions   ${countText(sessions)}, ${begun}`,
      `  profile    ${profile}: ${profileOf(profile).summary}`,
      `  duration   ${shortNumber(minutes)} min`,
      `  bandwidth  ${bandwidthText(profile, sessions)}`,
      '  Traffic reaches the device behind the remote access configuration.',
    ].join('\n'),
  );
}

function bandwidthText(name: RemoteOptions['profile'], sessions: number): string {
  const profile = profileOf(name);
  if (isSaturating(profile)) return 'as much as the way carries';
  if (profile.page !== undefined)
    return 'set by the pages: some 250 KiB for each, a page or two a second per session';
  const { down, up } = expectedBytesPerSecond(profile);
  return `about ${bytesText(down * sessions)}/s to the device, ${bytesText(up * sessions)}/s from it`;
}
