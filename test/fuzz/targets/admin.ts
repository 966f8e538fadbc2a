import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { judgeSite } from '../../../src/admin/access.js';
import { EventFeed } from '../../../src/admin/events/event-feed.js';
import { MetricsPage } from '../../../src/admin/metrics-page.js';
import { allowed, findHandler, findRoute } from '../../../src/admin/router.js';
import { adminRoutes } from '../../../src/admin/routes.js';
import { FakeBackend } from '../../unit/admin/admin-helpers.js';
import { surface, textOf, type Case, type Written } from '../../hostile/cases.js';
import type { FuzzTarget } from '../target.js';

const PORT = 7_980;
const OWN_HOSTS = [`127.0.0.1:${PORT}`, `localhost:${PORT}`, `[::1]:${PORT}`];

const backend = new FakeBackend();
const routes = adminRoutes(
  backend,
  new MetricsPage({ contentType: 'text/plain', render: () => Promise.resolve('') }, () => 0),
  new EventFeed({ source: backend, onError: (error) => assert.fail(String(error)) }),
  new Map(),
);

const PIECES = [
  '/',
  '/api',
  '/status',
  '/sessions',
  '/operations',
  '/events',
  '/drain',
  '/metrics',
  '/healthz',
  '..',
  '%2e',
  ';',
  '?',
  's-1',
  '\0',
  '//',
];

/** Method, target, Host, Origin and Sec-Fetch-Site, one line each. */
export const admin: FuzzTarget = {
  name: 'admin',
  holds: 'only whole paths and plain ids are routed, and only our own site may change anything',
  seeds: () =>
    surface<Case & { readonly request: Written }>('admin').cases.map(({ request }) => {
      const text = textOf(request, { port: String(PORT) }).slice(0, 4_000);
      const [, method = '', target = ''] = /^(\S*) (\S*)/.exec(text) ?? [];
      const header = (name: string): string => new RegExp(`^${name}: (.*)$`, 'im').exec(text)?.[1] ?? '';
      return Buffer.from(
        [method, target, header('Host'), header('Origin'), header('Sec-Fetch-Site')].join('\n'),
      );
    }),
  dictionary: [...PIECES, ...OWN_HOSTS, 'same-origin', 'cross-site', 'http://', 'DELETE', 'POST', '\n'],
  structured: fc
    .tuple(
      fc.constantFrom('GET', 'POST', 'DELETE', 'OPTIONS', 'constructor'),
      fc.array(fc.constantFrom(...PIECES), { maxLength: 5 }).map((pieces) => pieces.join('')),
      fc.constantFrom(...OWN_HOSTS, 'evil.example'),
      fc.constantFrom('', 'http://evil.example', `http://${OWN_HOSTS[0] ?? ''}`),
      fc.constantFrom('', 'same-origin', 'cross-site', 'none'),
    )
    .map((lines) => Buffer.from(lines.join('\n'))),
  check: (input) => {
    const [method = '', target = '', host = '', origin = '', site = ''] = input
      .toString('latin1')
      .split('\n');
    const found = findRoute(routes, target);
    if (found !== undefined) {
      const isWhole = routes.paths.has(target);
      assert.ok(isWhole ? found.id === '' : /^[A-Za-z0-9._-]{1,64}$/.test(found.id));
      const withId = routes.withId.map(({ prefix, suffix }) => `${prefix}${found.id}${suffix}`);
      assert.ok(isWhole || withId.includes(target));
      const handler = findHandler(found.route, method);
      assert.equal(
        handler !== undefined,
        ['GET', 'HEAD', 'POST', 'DELETE'].includes(method) &&
          allowed(found.route).split(', ').includes(method),
      );
    }
    const facts = {
      method,
      hosts: host === '' ? [] : [host],
      origin: origin === '' ? undefined : origin,
      secFetchSite: site === '' ? undefined : site,
      local: { address: '127.0.0.1', port: PORT },
    };
    if (judgeSite(facts, false, []) !== undefined) return;
    assert.ok(OWN_HOSTS.includes(host), `Host ${host}`);
    assert.ok(origin === '' || origin === `http://${host}`, `Origin ${origin}`);
    const isReading = method === 'GET' || method === 'HEAD';
    assert.ok(['', 'same-origin'].includes(site) || (site === 'none' && isReading), `Sec-Fetch-Site ${site}`);
  },
};
