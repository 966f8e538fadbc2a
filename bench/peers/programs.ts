import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import type { Found } from './peer.js';

/** Daemons such as haproxy are not on every user's path. */
const MORE_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** Longest wait for a program to say its version, in ms. */
const VERSION_MS = 5_000;

/** The file that running `name` would run; undefined when there is none. */
export function which(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), ...MORE_FOLDERS];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => path.join(folder, name))
    .find(isExecutable);
}

/** A program by its name, with the first line that has a digit of what it prints for `versionFlag`. */
export function findProgram(name: string, versionFlag: string): Found | undefined {
  const file = which(name);
  if (file === undefined) return undefined;
  const { stdout, stderr } = spawnSync(file, [versionFlag], { encoding: 'utf8', timeout: VERSION_MS });
  const line = `${stdout}\n${stderr}`.split('\n').find((text) => /\d/.test(text));
  return { path: file, version: line?.trim().slice(0, 80) ?? 'unknown version' };
}

/** A program by its path. */
export function findFile(file: string | undefined): Found | undefined {
  if (file === undefined || !isExecutable(file)) return undefined;
  return { path: file, version: path.basename(file) };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
