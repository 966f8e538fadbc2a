#!/usr/bin/env node
/*
 * Read by every version of Node that somebody may have: old syntax only, and nothing of ours is imported before the
 * version is known, because a file that does not parse would end in a SyntaxError that tells nobody what to do.
 */

/** package.json names the same version under `engines`; a test compares them. */
const OLDEST = [20, 19] as const;

/** EX_CONFIG: service managers do not start it again, since that would change nothing. */
const EXIT_CONFIG = 78;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const [oldestMajor, oldestMinor] = OLDEST;

if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
  const needed = OLDEST.join('.');
  process.stderr.write(
    `gatehouse: Node.js ${needed} or newer is needed, and this is ${process.versions.node} (${process.execPath}). ` +
      'Install a newer one, or put it first in PATH.\n',
  );
  process.exitCode = EXIT_CONFIG;
} else {
  void import('./start.js');
}
