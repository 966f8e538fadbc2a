import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import type { WebSocket } from 'ws';
import { agentArguments } from './arguments.js';
import { keepOpen } from './keep-open.js';
import { webSocket } from './web-socket.js';

/*
 * What is written by those who care about back-pressure: ws.send, and pauses by hand.
 */
const MOST_BUFFERED_BYTES = 262_144;

const given = agentArguments();
keepOpen(given, relay);

async function relay(): Promise<void> {
  const cloud = webSocket(given);
  const target = connect({ port: given.targetPort, host: given.host, noDelay: true });
  cloud.on('error', () => target.destroy());
  target.on('error', () => cloud.terminate());
  target.pause();
  cloud.once('open', () => {
    sendUp(target, cloud);
    target.resume();
  });
  sendDown(cloud, target);
  target.on('end', () => cloud.close());
  await once(cloud, 'close');
  target.end();
}

function sendUp(target: Socket, cloud: WebSocket): void {
  const onSent = (): void => {
    if (cloud.bufferedAmount <= MOST_BUFFERED_BYTES / 2) target.resume();
  };
  target.on('data', (bytes) => {
    cloud.send(bytes, onSent);
    if (cloud.bufferedAmount > MOST_BUFFERED_BYTES) target.pause();
  });
}

function sendDown(cloud: WebSocket, target: Socket): void {
  cloud.on('message', (message: Buffer) => {
    if (!target.write(message)) cloud.pause();
  });
  target.on('drain', () => cloud.resume());
}
