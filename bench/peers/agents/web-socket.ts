import { WebSocket } from 'ws';
import type { AgentArguments } from './arguments.js';

/** A connection of the ws library to the bench's cloud, as such agents make it. */
export function webSocket({ cloudUrl, ca, host }: AgentArguments): WebSocket {
  // The name is for TLS; the address is the one that was checked.
  const url = cloudUrl.replace('localhost', host);
  return new WebSocket(url, ['binary'], { ...(ca !== undefined && { ca, servername: 'localhost' }) });
}
