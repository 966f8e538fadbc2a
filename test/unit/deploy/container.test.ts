import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const text = readFileSync(path.join(ROOT, 'deploy/container/Containerfile'), 'utf8').replace(/\\\n/g, ' ');
const lines = text.split('\n').filter((line) => /^[A-Z]/.test(line));
const last = lines.lastIndexOf(lines.findLast((line) => line.startsWith('FROM ')) ?? '');
const image = lines.slice(last);

test('the container runs as a user without rights, from its start', () => {
  assert.deepEqual(
    image.filter((line) => line.startsWith('USER ')),
    ['USER 990:990'],
  );
  assert.ok(
    image.findIndex((line) => line.startsWith('USER ')) >
      image.findLastIndex((line) => line.startsWith('RUN ')),
  );
});

test('what the container copies from the checkout is there, and is not ignored', () => {
  const ignored = readFileSync(path.join(ROOT, '.dockerignore'), 'utf8').split('\n');
  const copied = lines
    .filter((line) => line.startsWith('COPY ') && !line.includes('--from'))
    .flatMap((line) => line.split(/\s+/).slice(1, -1));
  assert.ok(copied.length >= 3);
  for (const file of copied) {
    assert.ok(existsSync(path.join(ROOT, file)), file);
    assert.ok(!ignored.includes(file), file);
  }
});

test('a command starts the agent, and its health is what `gatehouse status` says', () => {
  assert.ok(image.includes('ENTRYPOINT ["gatehouse"]'));
  assert.match(image.find((line) => line.startsWith('HEALTHCHECK')) ?? '', /CMD \["gatehouse", "status"/);
});

test('the printed command keeps the health check, and the configuration is readable for the group alone', () => {
  const [head = ''] = text.split(/^ARG /m);
  assert.match(head, /^# {3}podman build --format docker /m);
  assert.match(head, /^# {3}chown -R 0:990 conf; chmod 0750 conf; chmod 0640 conf\/\*$/m);
});
