import { broken, frame, OPCODE, ping, send, text, type Case, type Chops } from '../case.js';

const HELLO = 'Hello, world!';
const BINARY = Buffer.from('00fffefdfcfb00ff', 'hex');

/** 3: reserved bits. What stands in front of the bad frame reaches the target; the ping behind it is not answered. */
export function reservedBitCases(): readonly Case[] {
  const behindText = (id: string, rsv: number, chops: Chops): Case => {
    const frames = [text(HELLO), frame(OPCODE.text, HELLO, { rsv }), ping()];
    const how = chops === 'together' ? '' : chops === 'frames' ? ', frame by frame' : ', in single bytes';
    return broken([id, `text, text with RSV ${rsv}, a ping${how}`], [send(frames, chops)], 1002, {
      target: HELLO,
    });
  };
  return [
    broken(['3.1', 'text with RSV 1'], [send([frame(OPCODE.text, HELLO, { rsv: 1 })])], 1002),
    behindText('3.2', 2, 'together'),
    behindText('3.3', 3, 'frames'),
    behindText('3.4', 4, 1),
    broken(['3.5', 'binary with RSV 5'], [send([frame(OPCODE.binary, BINARY, { rsv: 5 })])], 1002),
    broken(['3.6', 'a ping with RSV 6'], [send([frame(OPCODE.ping, HELLO, { rsv: 6 })])], 1002),
    broken(['3.7', 'a close frame with RSV 7'], [send([frame(OPCODE.close, '', { rsv: 7 })])], 1002),
  ];
}

/** 4.1 and 4.2: reserved opcodes, alone and behind a text message, with payload and without. */
export function opcodeCases(): readonly Case[] {
  return [3, 11].flatMap((first, index) =>
    [0, 1, 2, 3, 4].map((step) => {
      const opcode = first + step;
      const bad = frame(opcode, step % 2 === 1 || step === 4 ? HELLO : '');
      const id = `4.${index + 1}.${step + 1}`;
      if (step < 2) return broken([id, `opcode ${opcode}`], [send([bad])], 1002);
      const frames = [text(HELLO), bad, ping()];
      return broken(
        [id, `text, opcode ${opcode}, a ping`],
        [send(frames, step === 4 ? 1 : 'together')],
        1002,
        { target: HELLO },
      );
    }),
  );
}
