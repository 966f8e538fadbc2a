import { readlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { command } from './command.js';

/**
 * The kernel's network in the row's own namespace, where nothing but loopback exists. Every call refuses to work
 * elsewhere, so that no row can touch the machine's own network.
 */
export class Network {
  #hasTable = false;

  /** True when this process is in a namespace of its own, as the runner makes it. */
  get isOwn(): boolean {
    return process.env.GATEHOUSE_FAULT_NETNS === readlinkSync('/proc/self/ns/net');
  }

  /** Brings loopback up. The first thing in a new namespace. */
  up(): void {
    this.#ip('link', 'set', 'lo', 'up');
  }

  /**
   * Adds an nftables rule to everything that leaves a socket (on loopback each packet does), such as
   * `tcp dport 22 drop`, `tcp dport 22 reject with tcp reset`, `tcp sport 22 limit rate over 8 kbytes/second drop`,
   * `tcp dport 22 numgen random mod 100 < 10 drop`.
   */
  rule(text: string): void {
    this.#own();
    if (!this.#hasTable) {
      this.#nft(`add table inet faults
        add chain inet faults out { type filter hook output priority 0; policy accept; }`);
      this.#hasTable = true;
    }
    this.#nft(`add rule inet faults out ${text}`);
  }

  /** Drops everything to and from a TCP port, silently. */
  silence(port: number): void {
    this.rule(`tcp dport ${port} drop`);
    this.rule(`tcp sport ${port} drop`);
  }

  /** Packets that a rule with `counter` has counted; the sum of all such rules. */
  counted(): number {
    this.#own();
    const text = command('nft', ['list', 'table', 'inet', 'faults']);
    return [...text.matchAll(/packets (\d+)/g)].reduce((sum, [, packets]) => sum + Number(packets), 0);
  }

  /** Takes every rule away. */
  clear(): void {
    if (!this.#hasTable) return;
    this.#nft('delete table inet faults');
    this.#hasTable = false;
  }

  /** Adds an address to loopback, such as `10.0.0.7/32`. */
  address(cidr: string): void {
    this.#ip('address', 'add', cidr, 'dev', 'lo');
  }

  /** Makes every address of a network one that reaches this machine, though none of its own: a plant of many hosts. */
  plant(cidr: string): void {
    const family = cidr.includes(':') ? ['-6'] : [];
    this.#ip(...family, 'route', 'add', 'local', cidr, 'dev', 'lo');
  }

  /** `ip route`, such as `add unreachable 10.1.0.0/16`. */
  route(...args: string[]): void {
    this.#ip('route', ...args);
  }

  /** `ip`, for what has no word of its own here. */
  ip(...args: string[]): string {
    return this.#ip(...args);
  }

  /** `tc`, such as `qdisc add dev lo root tbf rate 64kbit burst 4kb latency 500ms`. */
  tc(...args: string[]): string {
    this.#own();
    return command('tc', args);
  }

  /** Sets a kernel value of this namespace, such as `net.ipv4.ip_local_port_range` to `50000 50050`. */
  sysctl(name: string, value: string): void {
    this.#own();
    writeFileSync(path.join('/proc/sys', ...name.split('.')), value);
  }

  #ip(...args: string[]): string {
    this.#own();
    return command('ip', args);
  }

  #nft(script: string): void {
    command('nft', ['-f', '-'], `${script}\n`);
  }

  #own(): void {
    if (!this.isOwn) throw new Error('this is not a network namespace of the fault runner');
  }
}
