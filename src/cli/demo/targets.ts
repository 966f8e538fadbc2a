import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';

/** A device on the demo's plant network: a TCP server on loopback. */
export interface DemoTarget {
  readonly name: string;
  readonly port: number;
  stop(): void;
}

/** SHA-256 of what one connection to the echo target received; it sent the same back. */
export type OnEchoed = (sha256: string) => void;

/** Sends everything back, and tells what it saw when the other side has finished. */
export function echoTarget(onEchoed: OnEchoed): Promise<DemoTarget> {
  return serve('echo', (socket) => {
    const hash = createHash('sha256');
    socket.on('data', (chunk) => hash.update(chunk));
    socket.on('end', () => onEchoed(hash.digest('hex')));
    socket.pipe(socket);
  });
}

/** Speaks first, as SSH and VNC servers do, and then answers line by line. */
export function bannerTarget(): Promise<DemoTarget> {
  return serve('banner', (socket) => {
    socket.write('PLC-7 maintenance port. Type something; "bye" ends.\r\n> ');
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      if (text.trim() === 'bye') socket.end('bye\r\n');
      else socket.write(`you said: ${text.trim()}\r\n> `);
    });
    socket.on('end', () => socket.end());
  });
}

/** A page as a device's web server has one. */
export async function webTarget(): Promise<DemoTarget> {
  const page =
    '<!doctype html><title>HMI 3</title><h1>HMI 3, line 2</h1><p>Filler: 812 bottles/min. Pressure: 3.4 bar.</p>\n';
  const server = createHttpServer((_request, response) => {
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-length': Buffer.byteLength(page),
    });
    response.end(page);
  });
  const port = await listen(server);
  return { name: 'web', port, stop: () => server.close() };
}

async function serve(name: string, onSocket: (socket: Socket) => void): Promise<DemoTarget> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    onSocket(socket);
  });
  const port = await listen(server);
  const stop = (): void => {
    server.close();
    for (const socket of open) socket.destroy();
  };
  return { name, port, stop };
}

/** Listens on a free port of loopback and gives it. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
