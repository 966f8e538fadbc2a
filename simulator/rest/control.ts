import type { Faults } from '../faults.js';
import type { Recorder } from '../recorder.js';
import { notFound } from '../store/platform-error.js';
import { type Call, demand, param, type Reply, type Route } from './call.js';

/** What can be done to the simulator from outside. */
export interface Controls {
  readonly faults: Faults;
  readonly recorder: Recorder;
  /** Open tunnels, as plain objects. */
  readonly sessions: () => readonly unknown[];
  /** Things that happen once, by name, such as `restart`. */
  readonly actions: Readonly<Record<string, () => void>>;
}

/** The simulator's own resources; they want an administrator. */
export function controlRoutes({ faults, recorder, sessions, actions }: Controls): readonly Route[] {
  const route = (method: Route['method'], path: string, handle: (call: Call) => Reply): Route => ({
    method,
    path,
    handle: (call) => {
      demand(call, 'ROLE_DEVICE_CONTROL_ADMIN');
      return handle(call);
    },
  });
  return [
    route('GET', '/simulator/faults', () => ({ status: 200, body: faults.get() })),
    route('PUT', '/simulator/faults', (call) => {
      faults.setFrom(call.body);
      return { status: 200, body: faults.get() };
    }),
    route('DELETE', '/simulator/faults', () => {
      faults.clear();
      return { status: 204 };
    }),
    route('GET', '/simulator/requests', () => ({ status: 200, body: recorder.list() })),
    route('GET', '/simulator/sessions', () => ({ status: 200, body: sessions() })),
    route('POST', '/simulator/actions/:name', (call) => {
      const name = param(call, 'name');
      const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
      if (action === undefined) {
        throw notFound('simulator', `There are the actions ${Object.keys(actions).join(', ')}.`);
      }
      // After the answer is on its way: a restart cuts this connection too.
      setImmediate(action);
      return { status: 202 };
    }),
  ];
}
