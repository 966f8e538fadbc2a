import type { Role } from '../traffic/settings.js';

/** Where a peer listens or dials, and how much of it. All ports are of 127.0.0.1. */
export interface PeerContext {
  /** Of the generator's WebSocket server (role ws-server). */
  readonly cloudPort: number;
  /** Of the generator's device. */
  readonly targetPort: number;
  /** Where the peer listens (roles ws-client and raw). */
  readonly listenPort: number;
  /** For a peer that is a pair: between its two halves. */
  readonly middlePort: number;
  readonly sessions: number;
  /** File with the authority to trust (PEM), when the cloud is wss://. */
  readonly caFile: string | undefined;
  /** TLS is wanted, from whoever does it. */
  readonly tls: boolean;
  /** A session that ends is followed by another. */
  readonly reopen: boolean;
  /** For files of its own; gone after the bench. */
  readonly folder: string;
}

/** A program and its arguments. */
export type CommandLine = readonly [program: string, ...parameters: string[]];

/** Where a program was found, and what it says its version is. */
export interface Found {
  readonly path: string;
  readonly version: string;
}

/** A program that relays a session, as the bench sees it. */
export interface Peer {
  /** For tables and `--only`. */
  readonly name: string;
  /** What it is, in a line. */
  readonly about: string;
  readonly role: Exclude<Role, 'self'>;
  /** It can be measured with TLS on the cloud's side of it. */
  readonly tls: boolean;
  /** What makes its figures differ in kind from the others', for the table. */
  readonly remark?: string;
  /** The program, or undefined when it is not installed. */
  find(): Found | undefined;
  /** The processes to start, in this order; the last one listens when the role is one that listens. */
  commands(found: Found, context: PeerContext): readonly CommandLine[];
}
