import type { StaticPage } from './reply.js';

/** What `GET /` shows until there is a dashboard: plain HTML, no script, no style, no data. */
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
    <p>The dashboard comes later. This listener answers:</p>
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
