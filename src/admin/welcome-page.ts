import type { StaticPage } from './reply.js';

/** What `GET /` shows when the dashboard was not built: plain HTML, no script, no style, no data. */
export const WELCOME_PAGE: StaticPage = {
  contentType: 'text/html; charset=utf-8',
  body: `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>Gatehouse</title>
  </head>
  <body>
    <h1>Gatehouse</h1>
    <p>The agent runs, but the dashboard was not built with it. <code>npm run build</code> in its source builds both;
      then restart the agent. Until then this listener answers:</p>
    <dl>
      <dt><code>GET <a href="/healthz">/healthz</a></code></dt>
      <dd>200 while the process works</dd>
      <dt><code>GET <a href="/readyz">/readyz</a></code></dt>
      <dd>200 while operations can be received, else 503 with the reason</dd>
      <dt><code>GET <a href="/metrics">/metrics</a></code></dt>
      <dd>Prometheus text</dd>
      <dt><code>GET <a href="/api/status">/api/status</a></code></dt>
      <dd>version, cloud link, workers, totals</dd>
      <dt><code>GET <a href="/api/sessions">/api/sessions</a></code></dt>
      <dd>the sessions</dd>
      <dt><code>GET <a href="/api/operations">/api/operations</a></code></dt>
      <dd>recent operations and what became of them</dd>
      <dt><code>GET /api/events</code></dt>
      <dd>all of this as server-sent events, once a second</dd>
      <dt><code>DELETE /api/sessions/ID</code></dt>
      <dd>ends one session; 204 once both sockets are gone</dd>
      <dt><code>POST /api/drain</code></dt>
      <dd>no new sessions, exit when the last one ends (Content-Type: application/json)</dd>
    </dl>
    <p>With an admin token configured, all but this page and /healthz need
      <code>Authorization: Bearer TOKEN</code>; <code>gatehouse status</code> sends it for you.</p>
  </body>
</html>
`,
};
