import type { LoopDelay, ResourceView, WorkerView } from '../../src/admin/backend.js';
import type { Dashboard } from '../model/dashboard.js';
import * as format from '../model/format.js';

/** Event-loop delay above which people begin to feel it in a session, in ms (99th percentile). */
const SLOW_MS = 50;

/** Share of a resource above which it is short. */
const SHORT = 0.8;

/** The threads that carry the sessions, and what the agent uses up. */
export function Workers({ dashboard: { status } }: { readonly dashboard: Dashboard }) {
  const { workers, eventLoopDelay, resources, totals, generations } = status;
  const isOne = generations.length <= 1;
  const inOrder = [...workers].sort((a, b) => a.generation - b.generation || a.worker - b.worker);
  return (
    <section class="card" aria-labelledby="workers-title">
      <div class="card-head">
        <h2 id="workers-title">Workers</h2>
        <span class="gap" />
        <span class="muted">{format.many(totals.workerRestarts, 'restart')}</span>
      </div>
      <div class="scroll" tabIndex={0} role="region" aria-label="Table of workers">
        <table>
          <thead>
            <tr>
              <th scope="col">Worker</th>
              <th scope="col" class="number">
                Sessions
              </th>
              <th scope="col" class="number" title="Event-loop delay, middle and 99th percentile">
                Loop delay
              </th>
              <th scope="col" class="number" title="Bytes under way between the two sides">
                Held
              </th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">main</th>
              <td class="number muted">–</td>
              <Delay delay={eventLoopDelay} />
              <td class="number muted">–</td>
            </tr>
            {inOrder.map((worker) => (
              <Worker key={`${worker.generation} ${worker.worker}`} worker={worker} isOne={isOne} />
            ))}
          </tbody>
        </table>
      </div>
      <ul class="resources">
        {resources.map((resource) => (
          <Resource key={resource.resource} resource={resource} />
        ))}
      </ul>
    </section>
  );
}

function Worker({ worker, isOne }: { readonly worker: WorkerView; readonly isOne: boolean }) {
  const name = isOne ? String(worker.worker) : `${worker.generation}·${worker.worker}`;
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="number">{worker.sessions.toLocaleString('en')}</td>
      <Delay delay={worker.eventLoopDelay} />
      <td class="number">{format.bytes(worker.heldBytes)}</td>
    </tr>
  );
}

function Delay({ delay }: { readonly delay: LoopDelay | null }) {
  if (delay === null) return <td class="number muted">–</td>;
  const { p50Ms, p99Ms } = delay;
  return (
    <td class={`number ${p99Ms > SLOW_MS ? 'bad' : ''}`}>
      {p50Ms.toFixed(1)} / {format.delay(p99Ms)}
      {p99Ms > SLOW_MS ? ' slow' : ''}
    </td>
  );
}

const RESOURCE_NAMES: Readonly<Record<ResourceView['resource'], string>> = {
  memory: 'Memory',
  descriptors: 'File descriptors',
  'kernel-memory': 'Kernel memory for TCP',
  ports: 'Ports',
};

function Resource({ resource: { resource, used, limit } }: { readonly resource: ResourceView }) {
  const share = limit > 0 ? Math.min(1, used / limit) : 0;
  const isBytes = resource === 'memory' || resource === 'kernel-memory';
  const text = (value: number): string => (isBytes ? format.bytes(value) : value.toLocaleString('en'));
  return (
    <li>
      <span>{RESOURCE_NAMES[resource]}</span>
      <span class="number">
        {text(used)}{' '}
        {limit > 0 ? <span class="muted">of {text(limit)}</span> : <span class="muted">no limit</span>}
      </span>
      <span class="meter" aria-hidden="true">
        <span class={share > SHORT ? 'short' : ''} style={{ width: `${100 * share}%` }} />
      </span>
    </li>
  );
}
