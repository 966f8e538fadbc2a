import type { PlantBroker } from '../plant/plant-broker.js';
import { FileWatch } from './file-watch.js';
import { HardSwitch, type SwitchPart, type SwitchState } from './hard-switch.js';
import { readSwitchFile } from './switch-file.js';
import { SwitchTopic } from './switch-topic.js';
import type { SwitchReading } from './switch-value.js';

export interface SwitchSourcesOptions {
  readonly file: string | undefined;
  readonly mqttTopic: string | undefined;
  /** Present where `mqttTopic` is. */
  readonly broker: PlantBroker | undefined;
  readonly onChange: (state: SwitchState) => void;
  /** Monotonic, in ms. */
  readonly now: () => number;
}

/** The hard switch with what it is read from. */
export class SwitchSources {
  readonly hardSwitch: HardSwitch;
  readonly #options: SwitchSourcesOptions;
  readonly #filePart: SwitchPart | undefined;
  #fileWatch: FileWatch | undefined;

  constructor(options: SwitchSourcesOptions) {
    this.#options = options;
    const { file, mqttTopic, broker } = options;
    this.#filePart = file === undefined ? undefined : partOfFile(file);
    const topicPart = mqttTopic === undefined ? undefined : partOfTopic(mqttTopic, broker?.place ?? 'none');
    const parts = [this.#filePart, topicPart].filter((part) => part !== undefined);
    this.hardSwitch = new HardSwitch(parts, options.onChange);
    if (mqttTopic === undefined || topicPart === undefined) return;
    const onReading = (reading: SwitchReading): void => this.hardSwitch.read(topicPart, reading);
    broker?.listen(new SwitchTopic({ topic: mqttTopic, again: () => broker.again(mqttTopic), onReading }));
  }

  /** Begins to look at the file; the broker is started by whoever has it. */
  start(): void {
    const { file, now } = this.#options;
    const part = this.#filePart;
    if (file === undefined || part === undefined) return;
    const onReading = (reading: SwitchReading): void => this.hardSwitch.read(part, reading);
    this.#fileWatch ??= new FileWatch({ file, read: readSwitchFile, onReading, now });
  }

  stop(): void {
    this.#fileWatch?.stop();
  }
}

function partOfFile(file: string): SwitchPart {
  return { name: `the file ${file} (switch.file)`, howTo: `write the word on into ${file}` };
}

function partOfTopic(topic: string, place: string): SwitchPart {
  const name = `the topic ${topic} (switch.mqttTopic, broker ${place})`;
  return { name, howTo: `publish the word on, retained, to ${topic}` };
}
