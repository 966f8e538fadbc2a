import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';

/** Largest hosts file that is read, in bytes. Block lists have some megabytes; a gateway has some lines. */
export const MAX_HOSTS_BYTES = 4_194_304;

/** The names of a hosts file (hosts(5)); c-ares, which does our DNS, does not look into it. */
export class HostsFile {
  readonly #path: string;
  #stamp = '';
  #addresses: ReadonlyMap<string, readonly string[]> = new Map();

  /** @param path for example `/etc/hosts`; it need not exist. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Addresses of a lower-case name in the order of the file; none when it is not there. Reads it again once changed. */
  async lookup(name: string): Promise<readonly string[]> {
    await this.#refresh();
    return this.#addresses.get(name) ?? [];
  }

  /** A file that is missing, cannot be read, is no plain file or is too large has no names. */
  async #refresh(): Promise<void> {
    try {
      const found = await stat(this.#path);
      const stamp = `${found.mtimeMs} ${found.size} ${found.ino}`;
      if (stamp === this.#stamp) return;
      const isUsable = found.isFile() && found.size <= MAX_HOSTS_BYTES;
      this.#addresses = isUsable ? parseHosts(await readFile(this.#path, 'latin1')) : new Map();
      this.#stamp = stamp;
    } catch {
      this.#addresses = new Map();
      this.#stamp = '';
    }
  }
}

/** The addresses of each name, lower-case and without trailing dot. Lines that start with no address are passed over. */
export function parseHosts(text: string): Map<string, string[]> {
  const addresses = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/s, '').trim().split(/\s+/);
    // An address with a zone means something on this host only; the policy knows none.
    if (isIP(address) === 0 || address.includes('%')) continue;
    for (const name of names) {
      const key = name.toLowerCase().replace(/\.$/, '');
      const known = addresses.get(key);
      if (known === undefined) addresses.set(key, [address]);
      else if (!known.includes(address)) known.push(address);
    }
  }
  return addresses;
}
