import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { eventually } from './eventually.js';
import { Ledger } from './ledger.js';
import { Trap } from './outcome-targets.js';
import { FAST } from './timing.js';
import { World, type WorldOptions } from './world.js';

/** What a story of Ledger reads like when the session came up. */
export const UP = 'PENDING EXECUTING SUCCESSFUL';

/** What an operation is; everything has a default that works. */
export interface Asked {
  readonly port?: number;
  readonly hostname?: string;
  readonly deviceId?: string;
  readonly key?: string;
  /** What the cloud answers to the key; 101 takes it, 0 resets the connection. Default 101. */
  readonly status?: number;
  /** How long the cloud takes for that, in ms. Default 0. */
  readonly answerMs?: number;
  /** How old it is already, in ms. */
  readonly ageMs?: number;
}

export interface SceneOptions extends Omit<WorldOptions, 'before'> {
  readonly before?: (scene: Scene) => void | Promise<void>;
}

/** A world with fast waits, a target that takes everybody, and a ledger; all of it ends with the test. */
export class Scene {
  #ageMs = 0;
  #world: World | undefined;
  #cloud: World['cloud'] | undefined;
  #device: World['device'] | undefined;
  #ledger: Ledger | undefined;

  private constructor(readonly trap: Trap) {}

  static async start(t: TestContext, options: SceneOptions = {}): Promise<Scene> {
    const scene = new Scene(await Trap.start());
    t.after(() => scene.#stop());
    scene.#world = await World.start({
      ...options,
      timing: { ...FAST, ...options.timing },
      cloud: { now: () => Date.now() - scene.#ageMs, ...options.cloud },
      before: async (cloud, device) => {
        scene.#cloud = cloud;
        scene.#device = device;
        scene.#ledger = new Ledger(cloud.platform);
        await options.before?.(scene);
      },
    });
    return scene;
  }

  get world(): World {
    return this.#world ?? assert.fail('the world is not there yet');
  }

  get cloud(): World['cloud'] {
    return this.#cloud ?? assert.fail('the cloud is not there yet');
  }

  get device(): World['device'] {
    return this.#device ?? assert.fail('the device is not there yet');
  }

  get ledger(): Ledger {
    return this.#ledger ?? assert.fail('the ledger is not there yet');
  }

  /** Creates an operation to the trap, whose key the cloud takes unless told otherwise. */
  create(asked: Asked = {}): string {
    const { port = this.trap.port, hostname = '127.0.0.1', deviceId = this.device.id } = asked;
    const { key = randomUUID(), status = 101, answerMs = 0, ageMs = 0 } = asked;
    this.cloud.remoteAccess.answers.set(key, { status, delayMs: answerMs });
    this.#ageMs = ageMs;
    const fragment = { hostname, port, connectionKey: key };
    const { id } = this.cloud.createOperation(deviceId, { c8y_RemoteAccessConnect: fragment });
    this.#ageMs = 0;
    return id;
  }

  /** Waits until the operation's story is this one. */
  async story(id: string, expected: string): Promise<void> {
    await eventually(() => {
      const story = this.ledger.story(id);
      assert.ok(expected.startsWith(story), `operation ${id}: ${story}, not ${expected}`);
      return story === expected ? true : undefined;
    }, `${expected} of operation ${id}`);
  }

  /** How often a request was made: a method, and what its path begins with. */
  requests(method: string, pathPrefix: string): number {
    return this.cloud.requests.list(method, pathPrefix).length;
  }

  /** Waits until something was logged so many times. */
  async logged(text: string, times = 1): Promise<void> {
    await eventually(() => this.countLogged(text) >= times || undefined, `"${text}" in the log`);
  }

  countLogged(text: string): number {
    return this.world.log.filter((line) => line.includes(text)).length;
  }

  async #stop(): Promise<void> {
    await this.#world?.stop();
    if (this.#world === undefined) await this.#cloud?.stop();
    await this.trap.stop();
  }
}
