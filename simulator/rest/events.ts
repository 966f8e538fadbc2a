import type { Event } from '../store/events.js';
import { PlatformError } from '../store/platform-error.js';
import { type Call, demand, param, type Reply, type Route } from './call.js';
import { page } from './page.js';

const PATH = '/event/events';

/** Events. */
export const eventRoutes: readonly Route[] = [
  { method: 'GET', path: PATH, handle: list },
  { method: 'POST', path: PATH, handle: create },
  { method: 'GET', path: `${PATH}/:id`, handle: get },
];

function show({ baseUrl }: Call, event: Event): Record<string, unknown> {
  const { id } = event.source;
  const source = { id, self: `${baseUrl}/inventory/managedObjects/${id}` };
  return { ...event, source, self: `${baseUrl}${PATH}/${event.id}` };
}

function create(call: Call): Reply {
  const { source } = call.body;
  const id: unknown = typeof source === 'object' && source !== null && 'id' in source ? source.id : undefined;
  if (typeof id !== 'string') {
    throw new PlatformError(422, 'event/validationError', "Field 'source.id' is missing or not text.");
  }
  demand(call, 'ROLE_EVENT_ADMIN', id);
  const body = show(call, call.platform.events.create(id, call.body));
  return { status: 201, media: 'event', body, headers: { Location: String(body.self) } };
}

function get(call: Call): Reply {
  const event = call.platform.events.get(param(call, 'id'));
  demand(call, 'ROLE_EVENT_READ', event.source.id);
  return { status: 200, media: 'event', body: show(call, event) };
}

function list(call: Call): Reply {
  const asked = (name: string) => call.query.get(name) ?? undefined;
  const found = call.platform.events.list({
    source: asked('source'),
    type: asked('type'),
    fragmentType: asked('fragmentType'),
    fromMs: dateOf(asked('dateFrom')),
    toMs: dateOf(asked('dateTo')),
    revert: asked('revert') === 'true',
  });
  const visible = found.filter(({ source }) => call.platform.may(call.user, 'ROLE_EVENT_READ', source.id));
  const { items, frame } = page(call, visible);
  return {
    status: 200,
    media: 'eventCollection',
    body: { ...frame, events: items.map((each) => show(call, each)) },
  };
}

function dateOf(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const ms = Date.parse(given);
  if (!Number.isNaN(ms)) return ms;
  throw new PlatformError(422, 'event/validationError', `'${given}' is not a date.`);
}
