import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { CloudOptions, RegisteredDevice } from '../../../simulator/cloud.js';
import type { RecordedRequest } from '../../../simulator/recorder.js';
import type { Operation } from '../../../simulator/store/operations.js';
import type { CloudPlace } from './configuration.js';
import type { Place } from './stand.js';

const CHILD = fileURLToPath(new URL('cloud-child.js', import.meta.url));

/** Longest wait for one answer, in ms; a cloud that is stopped gives none. */
const CALL_MS = 20_000;

/** Told to a cloud before anything else. */
export interface CloudStart {
  readonly options: CloudOptions;
  readonly externalId: string;
  readonly devicePassword: string;
}

export type CloudCall =
  | { readonly kind: 'operate'; readonly hostname?: string; readonly port: number; readonly key: string }
  | { readonly kind: 'operations' }
  | { readonly kind: 'requests' };

/** Where a cloud is, and who may log in. */
export interface CloudFacts extends CloudPlace {
  readonly device: RegisteredDevice;
}

/** A cloud as a process of its own, for rows that kill it or stop it. Its memory ends with it; its ports come again. */
export class CloudProcess {
  /** Connection keys of its operations. */
  readonly keys: string[] = [];
  readonly #waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >();
  readonly #devicePassword = randomUUID();
  #options: CloudOptions;
  #child: ChildProcess | undefined;
  #facts: CloudFacts | undefined;
  #ids = 0;

  private constructor(options: CloudOptions) {
    this.#options = options;
  }

  static async start(options: CloudOptions = {}): Promise<CloudProcess> {
    const cloud = new CloudProcess(options);
    await cloud.comeBack();
    return cloud;
  }

  get facts(): CloudFacts {
    if (this.#facts === undefined) throw new Error('the cloud has not started');
    return this.#facts;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** KILL ends it, STOP and CONT make it silent for a while. */
  kill(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Starts it, after a kill on the same ports and with the same device, which has the same id. */
  async comeBack(): Promise<void> {
    const child = fork(CHILD, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child = child;
    child.on('message', (message) =>
      this.#onMessage(message as { id: number; value?: unknown; error?: string }),
    );
    child.on('exit', () => this.#onExit());
    const start: CloudStart = {
      options: this.#options,
      externalId: 'gw-7',
      devicePassword: this.#devicePassword,
    };
    this.#facts = (await this.#ask({ start })) as CloudFacts;
    this.#options = { ...this.#options, ...portsOf(this.#facts) };
  }

  /** Creates an operation with no client behind it; the cloud takes its key. Gives the operation's id. */
  async operate({ hostname = '127.0.0.1', port }: Place): Promise<string> {
    const key = randomUUID();
    this.keys.push(key);
    return (await this.#ask({ call: { kind: 'operate', hostname, port, key } })) as string;
  }

  async operations(): Promise<readonly Operation[]> {
    return (await this.#ask({ call: { kind: 'operations' } })) as readonly Operation[];
  }

  async requests(): Promise<readonly RecordedRequest[]> {
    return (await this.#ask({ call: { kind: 'requests' } })) as readonly RecordedRequest[];
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  #ask(message: { readonly start: CloudStart } | { readonly call: CloudCall }): Promise<unknown> {
    const id = ++this.#ids;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the cloud gave no answer')), CALL_MS);
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        act();
      };
      this.#waiting.set(id, {
        resolve: (value) => settle(() => resolve(value)),
        reject: (error) => settle(() => reject(error)),
      });
      this.#child?.send({ id, ...message });
    });
  }

  #onMessage({ id, value, error }: { id: number; value?: unknown; error?: string }): void {
    const waiting = this.#waiting.get(id);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(error));
  }

  #onExit(): void {
    for (const { reject } of this.#waiting.values()) reject(new Error('the cloud ended'));
  }
}

function portsOf({ url, httpsUrl, mqttUrl, mqttsUrl }: CloudFacts): CloudOptions {
  const port = (text: string): number => Number(new URL(text).port);
  return {
    port: port(url),
    ...(httpsUrl === undefined ? {} : { httpsPort: port(httpsUrl) }),
    ...(mqttUrl === undefined ? {} : { mqttPort: port(mqttUrl) }),
    ...(mqttsUrl === undefined ? {} : { mqttsPort: port(mqttsUrl) }),
  };
}
