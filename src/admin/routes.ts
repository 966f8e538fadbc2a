import { approvalPaths } from './approval-routes.js';
import type { AdminBackend } from './backend.js';
import type { EventFeed } from './events/event-feed.js';
import { errorReply } from './errors.js';
import { CLOSE_SESSION_MS, MAX_SUBSCRIBERS } from './limits.js';
import type { MetricsPage } from './metrics-page.js';
import { emptyReply, jsonReply, reply, type Reply, type StaticPage, type Stream } from './reply.js';
import type { Route, Routes } from './router.js';
import { WELCOME_PAGE } from './welcome-page.js';

/** All that the admin listener answers. CONTRACT lists the paths. `pages` by path; `/` has a plain one of its own. */
export function adminRoutes(
  backend: AdminBackend,
  metrics: MetricsPage,
  feed: EventFeed,
  pages: ReadonlyMap<string, StaticPage>,
): Routes {
  const api: [string, Route][] = [
    ['/healthz', { exposure: 'probe', methods: { GET: () => jsonReply(200, { status: 'ok' }) } }],
    ['/readyz', { exposure: 'guarded', methods: { GET: () => readiness(backend) } }],
    ['/metrics', { exposure: 'guarded', methods: { GET: () => metricsText(metrics) } }],
    [
      '/api/status',
      { exposure: 'guarded', methods: { GET: async () => jsonReply(200, await backend.status()) } },
    ],
    [
      '/api/sessions',
      { exposure: 'guarded', methods: { GET: async () => jsonReply(200, await backend.sessions()) } },
    ],
    [
      '/api/operations',
      { exposure: 'guarded', methods: { GET: () => jsonReply(200, backend.operations()) } },
    ],
    ['/api/events', { exposure: 'guarded', methods: { GET: () => events(feed) } }],
    [
      '/api/approvals',
      { exposure: 'guarded', methods: { GET: async () => jsonReply(200, await backend.approvals()) } },
    ],
    ['/api/drain', { exposure: 'guarded', methods: { POST: () => drain(backend) } }],
  ];
  const pageRoutes = [...new Map([['/', WELCOME_PAGE], ...pages])].map(([path, page]): [string, Route] => [
    path,
    { exposure: 'page', methods: { GET: () => reply(200, page.contentType, page.body) } },
  ]);
  return {
    // The API comes last: no page can stand in its way.
    paths: new Map([...pageRoutes, ...api]),
    withId: [
      {
        prefix: '/api/sessions/',
        suffix: '',
        route: { exposure: 'guarded', methods: { DELETE: (id) => closeSession(backend, id) } },
        unknown: 'unknown-session',
      },
      ...approvalPaths(backend),
    ],
  };
}

function readiness(backend: AdminBackend): Reply {
  const state = backend.readiness();
  return state.ready ? jsonReply(200, { status: 'ready' }) : errorReply('not-ready', state.reason);
}

/** Server-sent events, without end. */
function events(feed: EventFeed): Reply | Stream {
  if (feed.isFull) {
    const message = `${MAX_SUBSCRIBERS} dashboards are open already; close one of them.`;
    return errorReply('busy', message, { 'Retry-After': '5' });
  }
  return { contentType: 'text/event-stream', follow: (response) => feed.subscribe(response) };
}

async function metricsText(metrics: MetricsPage): Promise<Reply> {
  return reply(200, metrics.contentType, await metrics.read());
}

function drain(backend: AdminBackend): Reply {
  backend.drain();
  return jsonReply(202, { status: 'draining' });
}

async function closeSession(backend: AdminBackend, id: string): Promise<Reply> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), CLOSE_SESSION_MS);
  });
  try {
    switch (await Promise.race([backend.close(id), deadline])) {
      case 'closed':
        return emptyReply(204);
      case 'unknown':
        return errorReply('unknown-session');
      case 'late':
        return errorReply('still-closing');
    }
  } finally {
    clearTimeout(timer);
  }
}
