import type { ExitCode } from '../../exit-codes.js';
import { EXIT } from '../../exit-codes.js';
import type { ProcessIo } from '../process-io.js';
import { wrapped } from '../check/report.js';
import { refusalJson } from '../refusal.js';
import { startCommand } from '../start-command.js';
import { printable, Terminal } from '../terminal.js';
import type { Draft } from './draft.js';

/** Where the text behind `failed` begins, in columns. */
const INDENT = 8;

/** What `init` says at its end. */
export class Farewell {
  readonly #io: Pick<ProcessIo, 'stdout' | 'stderr' | 'env'>;
  readonly #isJson: boolean;

  constructor(io: Pick<ProcessIo, 'stdout' | 'stderr' | 'env'>, isJson: boolean) {
    this.#io = io;
    this.#isJson = isJson;
  }

  /** What was written, and what to do next. */
  written(facts: {
    readonly file: string;
    /** As `--config` named it. */
    readonly given: string | undefined;
    readonly secrets: readonly string[];
    readonly draft: Draft;
  }): ExitCode {
    const { file, given, secrets, draft } = facts;
    const isNew = draft.login.kind === 'register';
    const isThinEdge = draft.intake === 'thin-edge';
    const conduits = draft.conduits.length;
    if (this.#isJson) {
      const document = { ok: true, file, secrets, conduits, isRegistered: !isNew };
      this.#io.stdout.write(`${JSON.stringify(document)}\n`);
      return EXIT.done;
    }
    const terminal = new Terminal(this.#io.stdout, this.#io.env);
    const say = (text = ''): void => terminal.line(printable(text));
    terminal.line(`${terminal.paint('green', 'written')}  ${printable(file)}`);
    for (const secret of secrets)
      terminal.line(`${terminal.paint('green', 'written')}  ${printable(secret)}`);
    if (conduits === 0) {
      say();
      say('It permits nothing yet: add what may be reached under `conduits`.');
    }
    const config = given === undefined ? '' : ` --config ${given}`;
    const first = draft.conduits.find(({ host }) => !host.includes('/'));
    const steps: (readonly [string, string])[] = [
      ...(isNew ? [['register', 'get credentials from the cloud'] as const] : []),
      ...(isThinEdge ? [['thin-edge install', 'serve remote access in place of its plug-in'] as const] : []),
      ['check', 'try cloud, login and targets'],
      ...(first === undefined || typeof first.ports[0] !== 'number'
        ? []
        : [[`explain ${bracketed(first.host)}:${first.ports[0]}`, 'see which line permits it'] as const]),
    ];
    say();
    say('Next:');
    const commands: (readonly [string, string])[] = steps.map(([step, what]) => {
      const isOfThinEdge = step.startsWith('thin-edge');
      return [isOfThinEdge ? `  sudo gatehouse ${step}` : `  gatehouse ${step}${config}`, what] as const;
    });
    commands.push([`  ${startCommand(given)}`, 'start the agent']);
    const width = Math.max(...commands.map(([command]) => command.length));
    for (const [command, what] of commands) say(`${command.padEnd(width)}  ${what}`);
    return EXIT.done;
  }

  failed(sentence: string, exit: ExitCode): ExitCode {
    if (this.#isJson) this.#io.stdout.write(refusalJson(exit, sentence));
    else {
      const terminal = new Terminal(this.#io.stderr, this.#io.env);
      for (const line of sentence.split('\n')) {
        const [first = '', ...rest] = wrapped(line, terminal, INDENT);
        terminal.line(`${terminal.paint('red', 'failed')}${first.slice('failed'.length)}`);
        for (const more of rest) terminal.line(more);
      }
    }
    return exit;
  }
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
