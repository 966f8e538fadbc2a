import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { runProgram, unlessMissing } from '../../helpers/programs.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const PROMETHEUS = path.join(ROOT, 'deploy/prometheus');
const options = unlessMissing('promtool');

interface Panel {
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly expr: string }[];
}

const dashboard = JSON.parse(readFileSync(path.join(ROOT, 'deploy/grafana/gatehouse.json'), 'utf8')) as {
  readonly panels: readonly Panel[];
};
const alerts = readFileSync(path.join(PROMETHEUS, 'alerts.yml'), 'utf8');
const known = new Set(
  [...readFileSync(path.join(ROOT, 'docs/metrics.md'), 'utf8').matchAll(/^\| `(\w+)`/gm)].map(
    ([, name]) => name,
  ),
);

/** Names of ours and of the process in an expression, histograms without their suffix. */
function metricsIn(text: string): string[] {
  return [...text.matchAll(/\b((?:gatehouse|process|nodejs)_\w+)/g)].map(([, name = '']) =>
    name.replace(/_(?:bucket|sum|count)$/, ''),
  );
}

describe('what watches over Gatehouse', () => {
  test('Prometheus takes the configuration and the alerts', options, async () => {
    for (const args of [
      ['check', 'config', path.join(PROMETHEUS, 'prometheus.yml')],
      ['test', 'rules', path.join(PROMETHEUS, 'alerts.test.yml')],
    ]) {
      const { code, stdout, stderr } = await runProgram('promtool', args);
      assert.equal(code, 0, `${stdout}${stderr}`);
    }
  });

  test('alerts and dashboard ask for metrics that there are', () => {
    const asked = [alerts, ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))];
    const names = asked.flatMap(metricsIn);
    assert.ok(names.length > 20);
    assert.deepEqual(
      names.filter((name) => !known.has(name)),
      [],
    );
  });

  test('every panel of the dashboard has expressions that Prometheus can read', options, async () => {
    const rules = dashboard.panels.flatMap(({ targets }, panel) =>
      targets.map(({ expr }, index) => ({
        record: `panel:${panel}:${index}`,
        expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*'),
      })),
    );
    const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-test-'));
    const file = path.join(folder, 'rules.yml');
    writeFileSync(file, stringify({ groups: [{ name: 'dashboard', rules }] }));
    const { code, stdout, stderr } = await runProgram('promtool', ['check', 'rules', file]);
    rmSync(folder, { recursive: true });
    assert.equal(code, 0, `${stdout}${stderr}`);
  });

  test('no two panels lie on one another, and none is wider than the page', () => {
    const places = new Map<string, string>();
    for (const { title, gridPos } of dashboard.panels) {
      assert.ok(gridPos.x + gridPos.w <= 24, title);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          assert.equal(places.get(`${x},${y}`), undefined, title);
          places.set(`${x},${y}`, title);
        }
      }
    }
  });
});
