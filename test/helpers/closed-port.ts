import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';

/**
 * A port of 127.0.0.1 on which nothing listens, and which the kernel gives to nobody who asks for any: a connection of
 * this process has it as its own end until the process ends. A server that asks for this very port gets it, as long as
 * it sets SO_REUSEADDR.
 */
export async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1').unref();
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const holder = connect({ host: '127.0.0.1', port, localAddress: '127.0.0.1' }).unref();
  server.on('connection', (socket) => socket.unref());
  await once(holder, 'connect');
  return holder.localPort as number;
}
