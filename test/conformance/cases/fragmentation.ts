import {
  broken,
  frame,
  fragments,
  legal,
  OPCODE,
  ping,
  send,
  STREAMED,
  text,
  type Case,
  type Chops,
  type Frame,
} from '../case.js';
import { textPayload } from '../payload.js';

const HELLO = 'Hello, world!';
const [ONE, TWO, THREE, FOUR] = ['fragment1', 'fragment2', 'fragment3', 'fragment4'] as const;
const CHOPS: readonly Chops[] = ['together', 'frames', 1];

const begin = (payload: string): Frame => frame(OPCODE.text, payload, { fin: false });
const middle = (payload: string): Frame => frame(OPCODE.continuation, payload, { fin: false });
const last = (payload: string): Frame => frame(OPCODE.continuation, payload);

function inChops(chops: Chops): string {
  return chops === 'together' ? 'in one write' : chops === 'frames' ? 'frame by frame' : 'in single bytes';
}

/** 5: fragments. */
export function fragmentationCases(): readonly Case[] {
  return [
    ...controlInFragments(),
    ...CHOPS.map((chops, at) =>
      legal([`5.${3 + at}`, `two fragments, ${inChops(chops)}`], [send([begin(ONE), last(TWO)], chops)], {
        target: ONE + TWO,
      }),
    ),
    ...CHOPS.map((chops, at) =>
      legal(
        [`5.${6 + at}`, `a ping between two fragments, ${inChops(chops)}`],
        [send([begin(ONE), ping('ping payload'), last(TWO)], chops)],
        { target: ONE + TWO, pongs: ['ping payload'] },
      ),
    ),
    ...[true, false].flatMap((fin, family) =>
      CHOPS.map((chops, at) => {
        const bad = frame(OPCODE.continuation, 'non-continuation payload', { fin });
        const what = `a ${fin ? 'last' : 'middle'} fragment of nothing, ${inChops(chops)}`;
        return broken([`5.${9 + 3 * family + at}`, what], [send([bad, text(HELLO)], chops)], 1002);
      }),
    ),
    broken(
      ['5.15', 'a message in fragments, then a fragment of nothing'],
      [send([begin(ONE), last(TWO), middle(THREE), text(FOUR)])],
      1002,
      { target: ONE + TWO },
    ),
    ...[false, true].map((fin, at) => {
      const round = [frame(OPCODE.continuation, ONE, { fin }), begin(TWO), last(THREE)];
      const what = `twice a ${fin ? 'last' : 'middle'} fragment of nothing before a message`;
      return broken([`5.${16 + at}`, what], [send([...round, ...round])], 1002);
    }),
    broken(['5.18', 'a new message inside another'], [send([begin(ONE), text(TWO)])], 1002, {
      target: ONE,
      outcome: 'NON-STRICT',
      why: STREAMED,
    }),
    ...(['together', 'frames'] as const).map((chops, at) => withPauses(`5.${19 + at}`, chops)),
  ];
}

function controlInFragments(): Case[] {
  return [
    broken(
      ['5.1', 'a ping in fragments'],
      [send([frame(OPCODE.ping, ONE, { fin: false }), last(TWO)])],
      1002,
    ),
    broken(
      ['5.2', 'a pong in fragments'],
      [send([frame(OPCODE.pong, ONE, { fin: false }), last(TWO)])],
      1002,
    ),
  ];
}

/** A message in five fragments with pings and a pause. */
function withPauses(id: string, chops: Chops): Case {
  const parts = [1, 2, 3, 4, 5].map((number) => `fragment${number}`);
  const [one = '', two = '', three = '', four = '', five = ''] = parts;
  return legal(
    [id, `five fragments with two pings and a pause, ${inChops(chops)}`],
    [
      send([begin(one), middle(two), ping('pongme 1!')], chops),
      { kind: 'arrived', bytes: one.length + two.length },
      send([middle(three), middle(four), ping('pongme 2!'), last(five)], chops),
    ],
    { target: parts.join(''), pongs: ['pongme 1!', 'pongme 2!'] },
  );
}

/** 10.1.1: what a server does that cuts messages by itself. */
export function autoFragmentCases(): readonly Case[] {
  const payload = textPayload(65_536);
  return [
    legal(
      ['10.1.1', '65536 bytes of text in fragments of 1300'],
      [send(fragments(OPCODE.text, payload, 1_300))],
      {
        target: payload,
      },
    ),
  ];
}
