import { connect } from 'node:net';
import { createWebSocketStream } from 'ws';
import { agentArguments } from './arguments.js';
import { keepOpen } from './keep-open.js';
import { webSocket } from './web-socket.js';

/*
 * What is usually written: two streams, piped into each other.
 */
const given = agentArguments();
keepOpen(given, pipe);

function pipe(): Promise<void> {
  return new Promise((resolve) => {
    const cloud = webSocket(given);
    const stream = createWebSocketStream(cloud);
    const target = connect(given.targetPort, given.host);
    stream.on('error', () => target.destroy());
    target.on('error', () => stream.destroy());
    stream.pipe(target).pipe(stream);
    cloud.on('close', () => {
      target.end();
      resolve();
    });
  });
}
