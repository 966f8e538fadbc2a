import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { eventually } from './eventually.js';
import { closedPort } from './closed-port.js';
import { findProgram, runProgram } from './programs.js';

/** Size of the screen; not a multiple of the tiles in which VNC sends it. */
export const SCREEN = { width: 803, height: 601 };

/** The two colours of the screen, as red, green and blue. */
export const LINE = [224, 112, 32] as const;
export const GROUND = [32, 64, 128] as const;

/** Distance of the lines, in pixels. */
export const GRID = 16;

/** A VNC server of this test alone: an X display without hardware, on a port of 127.0.0.1, that shows a known grid. */
export class VncServer {
  private constructor(
    /** For the test's own files as well; removed by stop(). */
    readonly folder: string,
    readonly port: number,
    private readonly child: ChildProcess,
  ) {}

  static async start(): Promise<VncServer> {
    const program = findProgram('Xtigervnc') ?? assert.fail('Xtigervnc is not installed');
    const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-vnc-'));
    const port = await closedPort();
    const { width, height } = SCREEN;
    const options = {
      geometry: `${width}x${height}`,
      depth: '24',
      rfbport: String(port),
      interface: '127.0.0.1',
      SecurityTypes: 'None',
      nolisten: 'tcp',
      // It takes the first free display number and tells it here.
      displayfd: '1',
    };
    const args = Object.entries(options).flatMap(([name, value]) => [`-${name}`, value]);
    // Without -noreset the screen would be empty again as soon as xsetroot has ended.
    const child = spawn(program, [...args, '-noreset'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-10_000)));
    let display = '';
    createInterface(child.stdout).once('line', (line) => (display = line));
    await eventually(() => {
      assert.equal(child.exitCode, null, `the VNC server ended: ${log}`);
      return display !== '' || undefined;
    }, 'the number of the display');
    const server = new VncServer(folder, port, child);
    await paint(display);
    return server;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null) {
      const gone = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      await gone;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function paint(display: string): Promise<void> {
  const colours = ['-fg', hex(LINE), '-bg', hex(GROUND)];
  const grid = ['-mod', String(GRID), String(GRID)];
  const { code, stderr } = await runProgram('xsetroot', ['-display', `:${display}`, ...grid, ...colours]);
  assert.equal(code, 0, stderr);
}

function hex(colour: readonly number[]): string {
  return `#${Buffer.from(colour).toString('hex')}`;
}
