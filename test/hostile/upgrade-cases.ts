import type { Socket } from 'node:net';
import type { FailureCode } from '../../contract/failure.js';
import { acceptHead } from '../helpers/raw-cloud.js';
import { bytesOf, type Case, type Written } from './cases.js';

/** A line of upgrade-answers.json. */
export interface UpgradeCase extends Case {
  readonly answer: Written;
  readonly then?: 'end' | 'reset' | 'hold';
  readonly expect: 'up' | FailureCode;
  /** Stands in the sentence. */
  readonly says?: string;
  /** Also played to a whole agent. */
  readonly throughAgent?: boolean;
}

/** Answers a request as the case says. */
export function answering({ answer, then = 'end' }: UpgradeCase, socket: Socket, request: string): void {
  const fill = {
    accept: /Sec-WebSocket-Accept: (\S+)/.exec(acceptHead(request))?.[1] ?? '',
    key: /^sec-websocket-key: (\S+)/im.exec(request)?.[1] ?? '',
  };
  const bytes = bytesOf(answer, fill);
  if (then === 'end') socket.end(bytes);
  else if (then === 'hold') socket.write(bytes);
  else if (bytes.length === 0) socket.resetAndDestroy();
  else socket.write(bytes, () => socket.resetAndDestroy());
}
