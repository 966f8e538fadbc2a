import type { Config } from '../../config/config.js';
import { EXIT, type ExitCode } from '../../exit-codes.js';
import type { ProcessIo } from '../process-io.js';
import { refusalJson } from '../refusal.js';
import { startCommand } from '../start-command.js';
import { printable, Terminal } from '../terminal.js';
import type { WaitResult } from './wait.js';

/** How often the elapsed time on a terminal is drawn anew, in ms. */
const TICK_MS = 1_000;

/** How often somebody who reads a log is told that the waiting goes on, in ms. */
const REMINDER_MS = 60_000;

/** What the person who registers a device reads: what to do in the cloud, how long it takes, what came of it. */
export class Guide {
  readonly #io: Pick<ProcessIo, 'stdout'>;
  readonly #isJson: boolean;
  readonly #overMqtt: boolean;
  readonly #file: string | undefined;
  readonly #terminal: Terminal;
  readonly #isLive: boolean;
  #startedAt = 0;
  #remindAt = 0;
  #trouble: string | undefined;
  #isStopping = false;
  #hasAsked = false;
  #ticks: NodeJS.Timeout | undefined;

  constructor(
    io: ProcessIo,
    options: {
      readonly json?: boolean | undefined;
      readonly mqtt?: boolean | undefined;
      readonly file?: string | undefined;
    },
  ) {
    this.#io = io;
    this.#isJson = options.json === true;
    this.#overMqtt = options.mqtt === true;
    this.#file = options.file;
    // With --json, standard output is for the program that reads it.
    const output = this.#isJson ? io.stderr : io.stdout;
    this.#terminal = new Terminal(output, io.env);
    this.#isLive = output.isTTY === true;
  }

  /** What to do in the cloud. */
  begins({ cloud, device, intake }: Config, file: string): void {
    const id = device.externalId;
    const place = this.#overMqtt ? intake.mqttUrl : cloud.url;
    const lines = [
      `Registering ${id} at ${place}.`,
      '',
      'Somebody with the right to register devices has to do this in the cloud:',
      '  1. open Device management > Devices > Registration',
      `     ${cloud.url}/apps/devicemanagement/index.html#/deviceregistration`,
      `  2. Register device > General registration, device ID: ${id}`,
      '  3. Accept, as soon as the device shows as "Pending acceptance"',
      '',
      `The credentials are then stored in ${file}.`,
      '',
    ];
    for (const line of lines) this.#terminal.line(printable(line));
    this.#startedAt = Date.now();
    this.#remindAt = this.#startedAt + REMINDER_MS;
    this.#draw();
    this.#ticks = setInterval(() => this.#draw(), TICK_MS);
  }

  /** The last question brought nothing. */
  waiting(trouble: string | undefined): void {
    if (trouble !== undefined && trouble !== this.#trouble)
      this.#terminal.line(this.#terminal.paint('yellow', printable(`${trouble}; trying again`)));
    this.#trouble = trouble;
    this.#hasAsked ||= trouble === undefined;
    if (Date.now() >= this.#remindAt) {
      this.#remindAt += REMINDER_MS;
      if (!this.#isLive) this.#terminal.line(`still waiting, ${this.#elapsed()} so far`);
    }
    this.#draw();
  }

  stopping(): void {
    this.#isStopping = true;
    this.#draw();
  }

  /** Nothing more is waited for. */
  ends(): void {
    clearInterval(this.#ticks);
    this.#terminal.clear();
  }

  registered(facts: { readonly tenant: string; readonly user: string; readonly file: string }): ExitCode {
    if (this.#isJson) {
      this.#io.stdout.write(`${JSON.stringify({ ok: true, ...facts })}\n`);
      return EXIT.done;
    }
    const config = this.#file === undefined ? '' : ` --config ${this.#file}`;
    this.#terminal.line(
      `${this.#terminal.paint('green', 'registered')} as ${printable(`${facts.tenant}/${facts.user}`)}; stored in ${printable(facts.file)}`,
    );
    this.#terminal.line();
    this.#terminal.line('Next:');
    this.#terminal.line(`  gatehouse check${config}`);
    this.#terminal.line(`  ${startCommand(this.#file)}`);
    return EXIT.done;
  }

  notAccepted({ device }: Config, result: Exclude<WaitResult, { kind: 'accepted' }>): ExitCode {
    switch (result.kind) {
      case 'stopped':
        return this.failed(
          'Stopped. Nothing was handed out, so nothing is lost: the same command goes on where it was.',
          EXIT.failed,
        );
      case 'late':
        return result.trouble === undefined
          ? this.failed(
              `Nobody has accepted ${device.externalId} in the time given. The same command goes on where it was; --timeout 8h waits longer.`,
              EXIT.failed,
            )
          : this.failed(`Given up: ${result.trouble}.`, EXIT.unreachable);
      case 'failed':
        return this.failed(`${result.sentence}.${advice(result.exit)}`, result.exit);
    }
  }

  failed(sentence: string, exit: ExitCode): ExitCode {
    this.#terminal.clear();
    if (this.#isJson) this.#io.stdout.write(refusalJson(exit, sentence));
    else this.#terminal.line(`${this.#terminal.paint('red', 'failed')}  ${printable(sentence)}`);
    return exit;
  }

  #draw(): void {
    this.#terminal.progress(this.#state());
  }

  #state(): string {
    if (this.#isStopping) return 'stopping, as soon as the question under way is answered…';
    if (!this.#hasAsked) return 'asking the cloud…';
    return `waiting for somebody to accept it, ${this.#elapsed()} so far (Ctrl-C stops, nothing is lost)`;
  }

  #elapsed(): string {
    const seconds = Math.round((Date.now() - this.#startedAt) / 1_000);
    return seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`;
  }
}

function advice(exit: ExitCode): string {
  return exit === EXIT.refused
    ? ' The bootstrap user and its password are those of the cloud instance, not of your tenant: ask its operator, or the product support.'
    : '';
}
