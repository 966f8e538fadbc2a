import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { Secret } from '../../../contract/secret.js';
import { createLog } from '../../../src/log/log.js';
import type { LogOptions, LogWithSink } from '../../../src/log/log.js';
import { MAX_PENDING_LINES, descriptorOutput } from '../../../src/log/log-sink.js';
import type { LogOutput } from '../../../src/log/log-sink.js';
import { Redactor } from '../../../src/log/redaction.js';

const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-log-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Takes everything at once; while `error` is set it takes nothing. */
class Memory implements LogOutput {
  text = '';
  error: NodeJS.ErrnoException | null = null;
  #onWritten: (() => void) | undefined;

  /** Resolves with the next bytes that are taken. */
  async written(): Promise<void> {
    return new Promise((resolve) => (this.#onWritten = resolve));
  }

  write(bytes: Buffer, done: (error: NodeJS.ErrnoException | null, written: number) => void): void {
    if (this.error === null) this.text += bytes.toString();
    if (this.error === null) this.#onWritten?.();
    done(this.error, this.error === null ? bytes.length : 0);
  }

  writeSync(bytes: Buffer): number {
    if (this.error !== null) throw this.error;
    this.text += bytes.toString();
    return bytes.length;
  }
}

function failure(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code });
}

function logTo(destination: LogOutput, options: Partial<LogOptions> = {}): LogWithSink {
  return createLog({ level: 'info', format: 'json', redactor: new Redactor(), destination, ...options });
}

test('a line is JSON with ISO time, the name of the level, the fields and the message', () => {
  const memory = new Memory();
  logTo(memory).log.warn({ sessionId: 's-1', secret: new Secret('hidden') }, 'session closed');
  const { time, ...rest } = JSON.parse(memory.text) as Record<string, unknown>;
  assert.deepEqual(rest, { level: 'warn', sessionId: 's-1', secret: '[secret]', msg: 'session closed' });
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('lines below the level are not written, until the level is changed', () => {
  const memory = new Memory();
  const { log } = logTo(memory);
  log.debug('one');
  log.level = 'debug';
  log.debug('two');
  assert.match(memory.text, /^\{.*"msg":"two"\}\n$/);
});

test('a secret is taken out of fields, messages, nested values and errors, in both formats', () => {
  for (const format of ['json', 'pretty'] as const) {
    const memory = new Memory();
    const redactor = new Redactor();
    redactor.add('canary"secret', 'password');
    const { log } = logTo(memory, { redactor, format, isColoured: false });
    log.info(
      { a: { b: ['canary"secret'] }, url: `x?${encodeURIComponent('canary"secret')}` },
      'it is canary"secret',
    );
    log.error({ err: new Error('because canary"secret') }, 'failed');
    assert.doesNotMatch(memory.text, /canary/);
    assert.equal(memory.text.split('[redacted:password]').length - 1 >= 4, true, memory.text);
  }
});

test('a pretty line is one line whatever the fields hold, and without colour unless asked', () => {
  const memory = new Memory();
  const { log } = logTo(memory, { format: 'pretty', isColoured: false });
  log.info({ host: '\u001b[2Jevil\nhost', bytes: 7, name: 'a b' }, 'line\nbreak');
  assert.match(
    memory.text,
    /^\d\d:\d\d:\d\d\.\d{3} INFO {2}line\\u\{a\}break {2}host=.*evil.*host.* bytes=7 name="a b"\n$/,
  );
  // eslint-disable-next-line no-control-regex -- control characters are what must not be there
  assert.doesNotMatch(memory.text.trimEnd(), /[\x00-\x1f]/);
  const coloured = new Memory();
  logTo(coloured, { format: 'pretty', isColoured: true }).log.error('x');
  assert.ok(coloured.text.includes('\u001b[31mERROR'));
});

test('lines wait in a bounded ring while the disk is full, and the loss is told once it is not', () => {
  const memory = new Memory();
  memory.error = failure('ENOSPC');
  const { log, sink } = logTo(memory);
  log.info('first');
  for (let line = 0; line < MAX_PENDING_LINES + 5; line++) log.info({ line }, `waiting ${line % 500}`);
  assert.equal(sink.pending, MAX_PENDING_LINES);
  assert.equal(sink.dropped, 5);
  memory.error = null;
  sink.flushSync();
  const lines = memory.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.equal(lines.length, MAX_PENDING_LINES + 2);
  assert.equal(lines[0]?.msg, 'first');
  assert.deepEqual([lines[1]?.msg, lines[1]?.dropped], ['log lines were lost', 5]);
  assert.equal(lines.at(-1)?.line, MAX_PENDING_LINES + 4);
});

test('writing goes on by itself once the destination takes lines again', { timeout: 20_000 }, async () => {
  const memory = new Memory();
  memory.error = failure('EPIPE');
  const { log } = logTo(memory);
  log.info('early');
  memory.error = null;
  // The retry does not hold the process; this timer does, until the line is there or the limit of the test.
  const limit = setInterval(() => undefined, 1_000);
  await memory.written();
  clearInterval(limit);
  assert.match(memory.text, /"msg":"early"/);
});

test('a destination that takes a few bytes at a time still gets every byte in order', () => {
  let text = '';
  const slow: LogOutput = {
    write(bytes, done) {
      text += bytes.subarray(0, 3).toString();
      setImmediate(done, null, Math.min(3, bytes.length));
    },
    writeSync(bytes) {
      text += bytes.subarray(0, 3).toString();
      return Math.min(3, bytes.length);
    },
  };
  const { log, sink } = logTo(slow);
  log.info('one');
  log.info('two');
  sink.flushSync();
  assert.match(text, /"msg":"two"\}\n$/);
});

test('a really full device keeps the process alive', { skip: process.platform !== 'linux' }, () => {
  const descriptor = openSync('/dev/full', 'w');
  const { log, sink } = logTo(descriptorOutput(descriptor));
  log.info('lost');
  assert.doesNotThrow(() => sink.flushSync());
  closeSync(descriptor);
});

test('a file gets the lines', () => {
  const file = path.join(folder, 'log');
  const descriptor = openSync(file, 'w');
  const { log, sink } = logTo(descriptorOutput(descriptor));
  log.info('kept');
  sink.flushSync();
  closeSync(descriptor);
  assert.match(readFileSync(file, 'utf8'), /"msg":"kept"/);
});

test('a reader that goes away does not end the process', { timeout: 20_000 }, async () => {
  const program = `
    import { createLog } from ${JSON.stringify(new URL('../../../src/log/log.js', import.meta.url).href)};
    import { Redactor } from ${JSON.stringify(new URL('../../../src/log/redaction.js', import.meta.url).href)};
    const { log, sink } = createLog({ level: 'info', format: 'json', redactor: new Redactor() });
    log.info('started');
    process.stdin.once('data', () => {
      for (let line = 0; line < 5000; line++) log.info({ line }, 'nobody reads this');
      setImmediate(() => { sink.flushSync(); process.stderr.write('alive', () => process.exit(3)); });
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'pipe' });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  await once(child.stdout, 'data');
  child.stdout.destroy();
  child.stdin.write('go');
  const [code] = (await once(child, 'close')) as [number];
  assert.deepEqual([code, errors], [3, 'alive']);
});
