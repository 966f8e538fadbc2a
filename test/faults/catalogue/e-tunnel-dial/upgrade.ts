import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import type { FailureCode } from '../../../../contract/failure.js';
import { eventually } from '../../../helpers/eventually.js';
import { accept, acceptHead, type Answer } from '../../../helpers/raw-cloud.js';
import type { Outcome } from '../../rig/stand.js';
import { assertWithin } from '../../rig/time.js';
import type { Rig } from '../../rig.js';
import { endpointStand, type EndpointStand } from './endpoint.js';

/** One way to answer an upgrade, and what has to follow. */
interface Case {
  readonly answer: Answer;
  readonly code: FailureCode;
  /** What the reason says. */
  readonly says?: RegExp;
}

/** Goes through the cases with one agent. */
async function answers(rig: Rig, cases: readonly Case[]): Promise<EndpointStand> {
  const parts = await endpointStand(rig, { scheme: 'http' });
  let answer: Answer = () => undefined;
  let upgrades = 0;
  const cloud = await rig.rawCloud({
    answer: (socket, request) => {
      upgrades += 1;
      answer(socket, request);
    },
  });
  parts.use(cloud.port);
  for (const [index, each] of cases.entries()) {
    answer = each.answer;
    const { operation, ms } = await parts.stand.expectFailed(each.code, parts.target);
    if (each.says !== undefined) assert.match(operation.failureReason ?? '', each.says);
    assertWithin(ms, 500);
    assert.equal(upgrades, index + 1, 'one upgrade for each operation');
  }
  parts.stand.ledger.assertOneFinalStatusEach();
  return parts;
}

/** A whole reply. */
function reply(status: string, ...fields: readonly string[]): Answer {
  const head = [`HTTP/1.1 ${status}`, ...fields, 'Content-Length: 0', '\r\n'].join('\r\n');
  return (socket) => void socket.end(head);
}

/** The good 101 with something in it replaced. */
function bent(from: RegExp, to: string): Answer {
  return (socket, request) => void socket.write(acceptHead(request).replace(from, to));
}

/** E09 */
export async function otherAnswers(rig: Rig): Promise<void> {
  const trap = await rig.target();
  const location = `Location: http://127.0.0.1:${trap.port}/service/remoteaccess/device/x`;
  const redirects = ['301 Moved', '302 Found', '303 See Other', '307 Temporary', '308 Permanent'];
  await answers(rig, [
    { answer: reply('200 OK'), code: 'cloud-protocol', says: /answered 200/ },
    { answer: reply('204 No Content'), code: 'cloud-protocol', says: /answered 204/ },
    ...redirects.map((status): Case => {
      return { answer: reply(status, location), code: 'cloud-protocol', says: /redirects are not followed/ };
    }),
  ]);
  assert.equal(trap.connections.length, 0);
}

/** E10 */
export async function errorStatuses(rig: Rig): Promise<void> {
  const codes: readonly [status: string, code: FailureCode, ...fields: string[]][] = [
    ['400 Bad Request', 'cloud-protocol'],
    ['401 Unauthorized', 'cloud-unauthorized'],
    ['403 Forbidden', 'cloud-unauthorized'],
    ['404 Not Found', 'cloud-key-unknown'],
    ['409 Conflict', 'cloud-protocol'],
    ['410 Gone', 'cloud-key-unknown'],
    ['426 Upgrade Required', 'cloud-protocol'],
    ['429 Too Many Requests', 'cloud-unreachable', 'Retry-After: 2'],
    ['500 Internal Server Error', 'cloud-unreachable'],
    ['502 Bad Gateway', 'cloud-unreachable'],
    ['503 Service Unavailable', 'cloud-unreachable'],
    ['504 Gateway Timeout', 'cloud-unreachable'],
  ];
  await answers(
    rig,
    codes.map(([status, code, ...fields]) => {
      return { answer: reply(status, ...fields), code, says: new RegExp(status.slice(0, 3)) };
    }),
  );
}

/** E11 */
export async function endlessBodies(rig: Rig): Promise<void> {
  const canary = 'canary-in-the-body';
  const cloud = await rig.rawCloud({ answer: (socket) => pour(socket) });
  const sizes: (number | undefined)[] = [10_000_000, undefined];
  let size: number | undefined;
  let poured: Socket | undefined;
  const pour = (socket: Socket): void => {
    poured = socket;
    const length = size === undefined ? 'Transfer-Encoding: chunked' : `Content-Length: ${size}`;
    socket.write(`HTTP/1.1 500 Internal Server Error\r\n${length}\r\n\r\n`);
    const more = (): void => {
      while (!socket.destroyed && socket.bytesWritten < 10_000_000 && socket.write(`${canary} `.repeat(500)));
    };
    socket.on('drain', more);
    more();
  };
  const { stand, target, use } = await endpointStand(rig, { scheme: 'http', secrets: [canary] });
  use(cloud.port);
  for (size of sizes) {
    const { ms } = await stand.expectFailed('cloud-unreachable', target);
    assertWithin(ms, 500);
    await eventually(() => poured?.destroyed === true || undefined, 'the end of the connection', 3_000);
  }
  stand.ledger.assertOneFinalStatusEach();
}

/** E12 */
export async function brokenReplies(rig: Rig): Promise<void> {
  const text =
    (bytes: string): Answer =>
    (socket) =>
      void socket.write(bytes);
  const code = 'cloud-protocol';
  await answers(rig, [
    {
      answer: bent(/Sec-WebSocket-Accept: .*/, 'Sec-WebSocket-Accept: AAAA'),
      code,
      says: /Sec-WebSocket-Accept/,
    },
    { answer: bent(/Sec-WebSocket-Accept: .*\r\n/, ''), code, says: /Sec-WebSocket-Accept/ },
    { answer: bent(/Upgrade: .*\r\n/, ''), code, says: /Upgrade header/ },
    { answer: bent(/Connection: .*\r\n/, ''), code, says: /Connection header/ },
    { answer: bent(/HTTP\/1\.1/, 'HTTP/1.0'), code, says: /not HTTP/ },
    { answer: text('\x00\x01\x02\x03 garbage \xff\r\n\r\n'), code, says: /not HTTP/ },
    { answer: text('SSH-2.0-OpenSSH_9.2p1\r\n'), code, says: /not HTTP/ },
    { answer: text(`HTTP/1.1 101 Yes\r\nX: ${'b'.repeat(200_000)}\r\n\r\n`), code, says: /16384 bytes/ },
    { answer: text('HTTP/1.1 101 Yes\r\nno colon here\r\n\r\n'), code, says: /header lines is malformed/ },
  ]);
}

/** E13 */
export async function wrongSubprotocol(rig: Rig): Promise<void> {
  const line = /Sec-WebSocket-Protocol: .*\r\n/;
  await answers(rig, [
    { answer: bent(line, ''), code: 'cloud-protocol', says: /subprotocol is not binary/ },
    {
      answer: bent(line, 'Sec-WebSocket-Protocol: mqtt\r\n'),
      code: 'cloud-protocol',
      says: /subprotocol is not binary/,
    },
  ]);
}

/** E14 */
export async function unwantedExtension(rig: Rig): Promise<void> {
  const answer = bent(/\r\n\r\n/, '\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n');
  await answers(rig, [{ answer, code: 'cloud-protocol', says: /extension that was not offered/ }]);
}

/** E15 */
export async function slowHeaders(rig: Rig): Promise<void> {
  const { stand, target, use } = await endpointStand(rig, { scheme: 'http', connectTimeout: '3s' });
  const cloud = await rig.rawCloud({
    answer: (socket, request) => {
      const head = acceptHead(request);
      let at = 0;
      const drip = setInterval(() => socket.write(head.charAt(at++) || ' '), 100);
      socket.on('close', () => clearInterval(drip));
    },
  });
  use(cloud.port);
  const { ms }: Outcome = await stand.expectFailed('cloud-timeout', target);
  rig.figure('given up after ms', ms);
  assert.ok(ms >= 2_900, `${ms} ms`);
  assertWithin(ms, 3_100);
  stand.ledger.assertOneFinalStatusEach();
}

/** A good 101 for rows that go on from there. */
export function upgraded(socket: Socket, request: string, glued?: Buffer): void {
  socket.write(accept(request, glued));
}
