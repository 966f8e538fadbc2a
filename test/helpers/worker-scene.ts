import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Session } from 'node:inspector';
import type { TestContext } from 'node:test';
import type { Worker } from 'node:worker_threads';
import type { Tunnel } from '../../src/cli/connect/tunnel.js';
import type { SessionRecord } from '../../src/supervisor/session-registry.js';
import { eventually } from './eventually.js';
import { PlantTarget } from './plant.js';
import { World, type WorldOptions } from './world.js';

/** A session that has carried a byte. */
export interface OpenSession {
  readonly tunnel: Tunnel;
  readonly operationId: string;
  readonly worker: number;
}

/** A world whose workers can be ended and stalled from outside, be they threads or processes. */
export class WorkerScene {
  constructor(
    readonly world: World,
    readonly plant: PlantTarget,
    /** The threads by their id; Node tells of each that is made. */
    private readonly threads: ReadonlyMap<number, Worker>,
  ) {}

  async openSession(): Promise<OpenSession> {
    const { world, plant } = this;
    const before = world.operations().length;
    const tunnel = await world.open(plant);
    tunnel.write('x');
    await once(tunnel, 'data');
    const operationId = world.operations()[before]?.id ?? '';
    const record = await eventually(() => this.sessionOf(operationId), 'the session');
    await eventually(() => record.worker !== 0 || undefined, 'its worker');
    return { tunnel, operationId, worker: record.worker };
  }

  sessionOf(operationId: string): SessionRecord | undefined {
    const records = [...this.world.gateway.supervisor.registry.all()];
    return records.find((record) => record.operationId === operationId);
  }

  /** Bytes go through a session to the echo of the plant and back. */
  async assertEchoes({ tunnel }: OpenSession, text: string): Promise<void> {
    tunnel.write(text);
    const [answer] = (await once(tunnel, 'data')) as [Buffer];
    assert.equal(answer.toString(), text);
  }

  /** Waits until `count` workers are up. */
  async workersUp(count: number): Promise<void> {
    let up = 0;
    const poll = setInterval(() => {
      this.world.status().then(
        ({ workers }) => (up = workers.length),
        () => undefined,
      );
    }, 50);
    await eventually(() => up === count || undefined, `${count} workers`).finally(() => clearInterval(poll));
  }

  async endWorker(worker: number): Promise<void> {
    const thread = this.threads.get(worker);
    if (thread === undefined) process.kill(await this.pidOf(worker), 'SIGKILL');
    else await thread.terminate();
  }

  async pidOf(worker: number): Promise<number> {
    const { workers } = await this.world.status();
    const pid = workers.find((one) => one.worker === worker)?.pid;
    assert.ok(typeof pid === 'number', `worker ${worker} is not a process`);
    return pid;
  }
}

/** Starts it; it ends with the test. */
export async function startWorkerScene(t: TestContext, options: WorldOptions): Promise<WorkerScene> {
  const threads = new Map<number, Worker>();
  const onWorker = (worker: Worker): void => void threads.set(worker.threadId, worker);
  process.on('worker', onWorker);
  const plant = await PlantTarget.listen();
  const world = await World.start(options);
  t.after(async () => {
    process.off('worker', onWorker);
    await world.stop();
    plant.close();
  });
  return new WorkerScene(world, plant, threads);
}

/** Runs JavaScript in a worker thread of this process, as a debugger would; does not wait for its end. */
export async function evaluateInThread(threadId: number, expression: string): Promise<void> {
  const session = new Session();
  session.connect();
  let sent = false;
  session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }) => {
    if (workerInfo.title !== `[worker ${threadId}]`) return;
    const message = JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression } });
    session.post('NodeWorker.sendMessageToWorker', { sessionId, message }, () => (sent = true));
  });
  session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
  await eventually(() => sent || undefined, `thread ${threadId} in the debugger`);
  // Not disconnected: that would wait for a thread that may never answer. It goes with the thread.
}
