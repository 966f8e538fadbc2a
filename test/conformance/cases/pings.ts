import { broken, close, closed, legal, ping, pong, send, type Case } from '../case.js';

const BINARY = Buffer.from('00fffefdfcfb00ff', 'hex');
const LONGEST = Buffer.alloc(125, 0xfe);
const TEN = Array.from({ length: 10 }, (_, index) => `payload-${index}`);

const latin1 = (bytes: Buffer): string => bytes.toString('latin1');

/** 2: pings and pongs. */
export function pingCases(): readonly Case[] {
  return [
    legal(['2.1', 'a ping without payload'], [send([ping()])], { pongs: [''] }),
    legal(['2.2', 'a ping with text'], [send([ping('Hello, world!')])], { pongs: ['Hello, world!'] }),
    legal(['2.3', 'a ping with bytes that are not text'], [send([ping(BINARY)])], {
      pongs: [latin1(BINARY)],
    }),
    legal(['2.4', 'a ping of 125 bytes'], [send([ping(LONGEST)])], { pongs: [latin1(LONGEST)] }),
    broken(['2.5', 'a ping of 126 bytes'], [send([ping(Buffer.alloc(126, 0xfe))])], 1002),
    legal(['2.6', 'a ping of 125 bytes in single bytes'], [send([ping(LONGEST)], 1)], {
      pongs: [latin1(LONGEST)],
    }),
    closed(['2.7', 'a pong nobody asked for'], [send([pong(), close(1000)])], 1000),
    closed(['2.8', 'a pong with payload nobody asked for'], [send([pong('unasked'), close(1000)])], 1000),
    legal(['2.9', 'such a pong, then a ping'], [send([pong('unasked'), ping('ping payload')])], {
      pongs: ['ping payload'],
    }),
    legal(['2.10', 'ten pings'], [send(TEN.map((payload) => ping(payload)))], { pongs: TEN }),
    legal(
      ['2.11', 'ten pings in single bytes'],
      [
        send(
          TEN.map((payload) => ping(payload)),
          1,
        ),
      ],
      { pongs: TEN },
    ),
  ];
}
