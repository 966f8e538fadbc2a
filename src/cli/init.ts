import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { RestError } from '../cloud/rest-error.js';
import { DEFAULT_FILE } from '../config/find-file.js';
import { ConfigError } from '../config/problem.js';
import { readSecretFile } from '../config/secret-file.js';
import { BadValue } from '../config/values.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { documentsOf } from './init/document.js';
import type { Draft } from './init/draft.js';
import { Farewell } from './init/farewell.js';
import { givenBy, type Given, type InitFlags } from './init/given.js';
import { conduitsFor, proposalsFor } from './init/proposals.js';
import { Questions, TooManyTries } from './init/questions.js';
import { stagedConfig } from './init/staging.js';
import { endpointsOf } from './init/tenant.js';
import { askDraft, usualLogin } from './init/wizard.js';
import { fileTrouble, writePrivateFile } from './private-file.js';
import type { ProcessIo } from './process-io.js';
import { Prompt, PromptEnded } from './prompt.js';
import { SCHEMA_FILE } from './schema.js';
import { Terminal } from './terminal.js';

export interface InitOptions extends InitFlags {
  /** `--config`: where to write. Default gatehouse.yaml in the working directory. */
  readonly file?: string | undefined;
  /** Permit every endpoint that the tenant has for the device and its children. */
  readonly permitEndpoints?: boolean | undefined;
  /** Ask nothing. So it is wherever standard input is no terminal. */
  readonly yes?: boolean | undefined;
  /** Replace a file that is there. */
  readonly force?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** Why it ends before anything is written. */
class Refusal extends Error {
  constructor(
    sentence: string,
    readonly exit: ExitCode,
  ) {
    super(sentence);
  }
}

/** `gatehouse init`: a configuration, by questions on a terminal or by flags. */
export async function init(options: InitOptions, io: ProcessIo): Promise<ExitCode> {
  const farewell = new Farewell(io, options.json === true);
  const isAsking = io.stdin.isTTY === true && options.yes !== true;
  const prompt = isAsking ? new Prompt(io.stdin, io.stderr) : undefined;
  try {
    return await make(
      { options, io, prompt, file: path.resolve(io.cwd, options.file ?? DEFAULT_FILE) },
      farewell,
    );
  } catch (error) {
    if (error instanceof Refusal) return farewell.failed(error.message, error.exit);
    if (error instanceof PromptEnded || prompt?.ended.aborted === true)
      return farewell.failed('Stopped; nothing was written.', EXIT.failed);
    if (error instanceof TooManyTries) return farewell.failed(error.message, EXIT.failed);
    if (error instanceof ConfigError) return farewell.failed(error.message, EXIT.config);
    throw error;
  } finally {
    prompt?.close();
  }
}

interface Undertaking {
  readonly options: InitOptions;
  readonly io: ProcessIo;
  /** Undefined when nothing may be asked. */
  readonly prompt: Prompt | undefined;
  /** Where to write. */
  readonly file: string;
}

async function make(undertaking: Undertaking, farewell: Farewell): Promise<ExitCode> {
  const { options, io, prompt, file } = undertaking;
  const { given, problems } = givenBy(options, io.cwd);
  if (problems.length > 0) throw new Refusal(problems.join('\n'), EXIT.usage);
  const terminal = new Terminal(io.stderr, io.env);
  if (prompt !== undefined) {
    terminal.line('This makes a configuration for Gatehouse.');
    terminal.line('Enter takes what stands in [brackets]; Ctrl-C stops and writes nothing.');
  }
  await mayReplace(file, undertaking, terminal);
  const stem = path.basename(file).replace(/\.ya?ml$/, '');
  const draft =
    prompt === undefined
      ? await draftByFlags(given, stem, undertaking)
      : await askDraft({ prompt, terminal, given, env: io.env, cwd: io.cwd, stem });
  // The loader has the last word, before anything is written.
  stagedConfig(draft, io.env);
  const schema = existsSync(SCHEMA_FILE) ? SCHEMA_FILE : undefined;
  const { text, secrets } = documentsOf(draft, { stem, schema, madeAt: new Date() });
  const folder = path.dirname(file);
  const files = new Map([...secrets].map(([name, secret]) => [path.join(folder, name), `${secret}\n`]));
  for (const place of files.keys()) await mayReplace(place, undertaking, terminal);
  if (prompt !== undefined) {
    terminal.line();
    for (const line of text.split('\n').filter((each) => /^ *[^# ]/.test(each))) terminal.line(`  ${line}`);
    terminal.line();
    if (!(await new Questions(prompt, terminal).agree(`Write this to ${file}?`, true)))
      throw new Refusal('Nothing was written.', EXIT.failed);
  }
  await write(new Map([...files, [file, text]]));
  return farewell.written({ file, given: options.file, secrets: [...files.keys()], draft });
}

/** Asks before a file is replaced; where nothing may be asked, only --force replaces. */
async function mayReplace(file: string, { options, prompt }: Undertaking, terminal: Terminal): Promise<void> {
  if (options.force === true || !existsSync(file)) return;
  const advice = '--force replaces it, --config FILE names another';
  if (prompt === undefined) throw new Refusal(`${file} is there already; ${advice}.`, EXIT.failed);
  const isAgreed = await new Questions(prompt, terminal).agree(
    `${file} is there already. Replace it?`,
    false,
  );
  if (!isAgreed) throw new Refusal(`Nothing was written. ${advice}.`, EXIT.failed);
}

async function draftByFlags(given: Given, stem: string, undertaking: Undertaking): Promise<Draft> {
  const { url, externalId } = given;
  if (url === undefined || externalId === undefined) {
    const missing = [
      ...(url === undefined ? ['--url'] : []),
      ...(externalId === undefined ? ['--device'] : []),
    ];
    throw new Refusal(
      `Not given: ${missing.join(', ')}. On a terminal \`gatehouse init\` asks; here it does not.`,
      EXIT.usage,
    );
  }
  const draft: Draft = {
    url,
    externalId,
    login: given.login ?? usualLogin(given.intake, stem),
    intake: given.intake,
    proxy: given.proxy,
    caFile: given.caFile,
    conduits: given.conduits ?? [],
    children: [],
  };
  return undertaking.options.permitEndpoints === true ? withEndpoints(draft, undertaking) : draft;
}

/** The draft with a conduit for every endpoint of the tenant. */
async function withEndpoints(draft: Draft, { io }: Undertaking): Promise<Draft> {
  const login = readerOf(draft, io.env);
  const stop = new AbortController();
  io.onInterrupt(() => stop.abort());
  try {
    const devices = await endpointsOf(draft, login, io.env, stop.signal);
    if (devices === undefined)
      throw new Refusal(`The tenant does not know ${draft.externalId}, so it has no endpoints.`, EXIT.failed);
    const { possible } = proposalsFor(devices);
    const { conduits, children } = conduitsFor(possible, draft.conduits);
    return { ...draft, conduits: [...draft.conduits, ...conduits], children };
  } catch (error) {
    if (!(error instanceof RestError)) throw error;
    const isRefused = error.status === 401 || error.status === 403;
    throw new Refusal(
      `The endpoints were not read: ${error.message}.`,
      isRefused ? EXIT.refused : EXIT.unreachable,
    );
  }
}

/** Who reads the endpoints: the user of the environment, else the device itself. */
function readerOf({ login }: Draft, { C8Y_TENANT = '', C8Y_USER = '', C8Y_PASSWORD = '' }: ProcessIo['env']) {
  if (C8Y_USER !== '' && C8Y_PASSWORD !== '')
    return { tenant: C8Y_TENANT, user: C8Y_USER, password: C8Y_PASSWORD };
  if (login.kind !== 'password' || !('file' in login.password))
    throw new Refusal(
      'Nobody can read the endpoints: set C8Y_USER and C8Y_PASSWORD (and C8Y_TENANT) of a user of the tenant.',
      EXIT.usage,
    );
  try {
    return { tenant: login.tenant, user: login.user, password: readSecretFile(login.password.file) };
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    throw new Refusal(`--password-file ${error.message}.`, EXIT.usage);
  }
}

/** Writes all of the files or none; the last one is the configuration, which names the others. */
async function write(files: ReadonlyMap<string, string>): Promise<void> {
  const written: string[] = [];
  for (const [file, content] of files) {
    try {
      await mkdir(path.dirname(file), { recursive: true });
      await writePrivateFile(file, content);
      written.push(file);
    } catch (error) {
      for (const each of written) await rm(each, { force: true });
      throw new Refusal(
        `${file} cannot be written: ${fileTrouble(error)}. Nothing was written.`,
        EXIT.failed,
      );
    }
  }
}
