import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { ConnectCommand } from '../helpers/connect-command.js';
import { runProgram, unlessMissing } from '../helpers/programs.js';
import { RawPort } from '../helpers/raw-client.js';
import { GRID, GROUND, LINE, SCREEN, VncServer } from '../helpers/vnc-server.js';
import { World } from '../helpers/world.js';

const NEEDED = unlessMissing('Xtigervnc', 'vncsnapshot', 'xsetroot', 'djpeg');

/** JPEG at its best quality may still be this far from the real colour, per channel. */
const TOLERANCE = 24;

/** A picture as rows of red, green, blue. */
interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Buffer;
}

/** Takes a picture of the whole screen; `raw` asks for every pixel as it is, so that the most bytes travel. */
async function snapshot(server: VncServer, port: number, name: string): Promise<Picture> {
  const file = path.join(server.folder, `${name}.jpg`);
  const options = ['-quiet', '-encodings', 'raw', '-quality', '100'];
  // It wants the number of a display, the port of which is 5900 higher.
  const taken = await runProgram('vncsnapshot', [...options, `127.0.0.1:${port - 5900}`, file]);
  assert.equal(taken.code, 0, taken.stderr);
  const ppm = path.join(server.folder, `${name}.ppm`);
  const decoded = await runProgram('djpeg', ['-ppm', '-outfile', ppm, file]);
  assert.equal(decoded.code, 0, decoded.stderr);
  return parsePpm(readFileSync(ppm));
}

/** Binary PPM: `P6 width height 255`, then the pixels. */
function parsePpm(file: Buffer): Picture {
  const header = /^P6\s(\d+)\s(\d+)\s255\s/.exec(file.subarray(0, 64).toString('latin1'));
  const [whole = '', width, height] = header ?? assert.fail('not a PPM file');
  return { width: Number(width), height: Number(height), pixels: file.subarray(whole.length) };
}

function assertGrid({ width, height, pixels }: Picture): void {
  assert.deepEqual({ width, height }, SCREEN);
  assert.equal(pixels.length, width * height * 3);
  // In the middle between two lines, where no colour of a neighbour shines in, and on the crossings of the lines.
  for (let y = 0; y < height; y += GRID / 2) {
    for (let x = 0; x < width; x += GRID / 2) {
      const isOnLine = x % GRID === 0 || y % GRID === 0;
      assertColour(pixels.subarray((y * width + x) * 3), isOnLine ? LINE : GROUND, `${x},${y}`);
    }
  }
}

function assertColour(pixel: Buffer, colour: readonly number[], where: string): void {
  const isNear = colour.every((value, channel) => Math.abs((pixel[channel] ?? 0) - value) <= TOLERANCE);
  assert.ok(isNear, `at ${where}: ${[...pixel.subarray(0, 3)].join(' ')} instead of ${colour.join(' ')}`);
}

interface Plant {
  readonly world: World;
  readonly server: VncServer;
  readonly endpointId: string;
}

async function start(t: TestContext): Promise<Plant> {
  const server = await VncServer.start();
  t.after(() => server.stop());
  const world = await World.start();
  t.after(() => world.stop());
  return { world, server, endpointId: world.endpoint({ port: server.port }) };
}

/** The picture through the gateway shows the grid, and is the same to the last bit as the one without it. */
async function assertPicture({ server }: Plant, port: number): Promise<void> {
  const direct = await snapshot(server, server.port, 'direct');
  const tunnelled = await snapshot(server, port, 'tunnelled');
  assertGrid(tunnelled);
  assert.ok(tunnelled.pixels.equals(direct.pixels), 'the picture differs from the one without the gateway');
}

async function assertSuccess({ world }: Plant): Promise<void> {
  await world.idle();
  assert.deepEqual(
    world.operations().map(({ status }) => status),
    ['SUCCESSFUL'],
  );
}

test('a VNC client sees the right picture through gatehouse connect', NEEDED, async (t) => {
  const plant = await start(t);
  const connect = await ConnectCommand.start(plant.world, plant.endpointId);
  t.after(() => connect.stop());
  await assertPicture(plant, connect.port);
  // The viewer's FIN might be a half-close, after which the command would wait for more of an answer for a while.
  assert.equal(await connect.interrupt(), 0);
  await assertSuccess(plant);
});

test('a VNC client sees the right picture through a bare client WebSocket', NEEDED, async (t) => {
  const plant = await start(t);
  const raw = await RawPort.open(plant.world, plant.endpointId);
  t.after(() => raw.close());
  await assertPicture(plant, raw.port);
  await assertSuccess(plant);
});
