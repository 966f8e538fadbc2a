import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import type { DeviceCredentials } from '../cloud/registration.js';
import type { Config } from '../config/config.js';
import { credentialsText } from '../config/credentials-file.js';
import { loadConfig } from '../config/load.js';
import { BadValue, MAX_TIMER_MS, duration } from '../config/values.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { fileTrouble, PrivateFile, writePrivateFile } from './private-file.js';
import type { ProcessIo } from './process-io.js';
import { PromptEnded } from './prompt.js';
import { bootstrapLogin, type BootstrapFlags } from './register/bootstrap.js';
import { Guide } from './register/guide.js';
import { registrationOf } from './register/registration-of.js';
import { POLL_MS, untilAccepted, type WaitResult } from './register/wait.js';

export interface RegisterOptions extends BootstrapFlags {
  /** `--config`. */
  readonly file?: string | undefined;
  /** Ask over MQTT instead of REST. */
  readonly mqtt?: boolean | undefined;
  /** Longest wait, as a duration. Default 30m. */
  readonly timeout?: string | undefined;
  /** Replace credentials that are there. */
  readonly force?: boolean | undefined;
  readonly json?: boolean | undefined;
  /** Time between two questions, in ms. Default POLL_MS. */
  readonly pollMs?: number;
}

/** Room for the credentials, in bytes; more than the loader reads is never written. */
const RESERVED_BYTES = 16_384;

const DEFAULT_TIMEOUT = '30m';

/** `gatehouse register`: asks the cloud for credentials until somebody there has accepted the device, and stores them. */
export async function register(options: RegisterOptions, io: ProcessIo): Promise<ExitCode> {
  const guide = new Guide(io, options);
  try {
    const timeoutMs = duration(options.timeout ?? DEFAULT_TIMEOUT, 1_000, MAX_TIMER_MS, 'no zero');
    const loginAs = await bootstrapLogin(options, io);
    const { config } = loadConfig({ file: options.file, env: io.env, cwd: io.cwd, loginAs });
    return await storeWhenAccepted({ config, options, timeoutMs, guide, io });
  } catch (error) {
    if (error instanceof PromptEnded) return guide.failed('Stopped; nothing was asked.', EXIT.failed);
    if (!(error instanceof BadValue)) throw error;
    const isTimeout = /^[a-z]/.test(error.message);
    return guide.failed(isTimeout ? `--timeout ${error.message}.` : error.message, EXIT.usage);
  }
}

interface Undertaking {
  readonly config: Config;
  readonly options: RegisterOptions;
  readonly timeoutMs: number;
  readonly guide: Guide;
  readonly io: ProcessIo;
}

async function storeWhenAccepted(undertaking: Undertaking): Promise<ExitCode> {
  const { config, options, guide } = undertaking;
  const file = config.cloud.credentialsFile ?? '';
  if (options.mqtt === true && config.device.externalId.includes(':'))
    return guide.failed(
      'device.externalId holds a colon, which would end the MQTT client id early; register over REST.',
      EXIT.config,
    );
  if (options.force !== true && existsSync(file))
    return guide.failed(
      `${file} is there: this device has credentials. Check them with \`gatehouse check\`; --force registers it anew.`,
      EXIT.failed,
    );
  let reserved: PrivateFile;
  try {
    // The cloud hands the credentials out once, so there has to be a place for them before it is asked.
    reserved = await PrivateFile.reserve(file, RESERVED_BYTES);
  } catch (error) {
    return guide.failed(`${file} cannot be written: ${fileTrouble(error)}. Nothing was asked.`, EXIT.failed);
  }
  const result = await wait(undertaking, file);
  if (result.kind !== 'accepted') {
    await reserved.giveUp();
    return guide.notAccepted(config, result);
  }
  return keep(result.credentials, reserved, file, guide);
}

async function wait(
  { config, options, timeoutMs, guide, io }: Undertaking,
  file: string,
): Promise<WaitResult> {
  const stop = new AbortController();
  io.onInterrupt(() => {
    guide.stopping();
    stop.abort();
  });
  guide.begins(config, file);
  try {
    return await untilAccepted({
      registration: registrationOf(config, options.mqtt === true),
      timeoutMs,
      pollMs: options.pollMs ?? POLL_MS,
      signal: stop.signal,
      now: () => performance.now(),
      onWaiting: (trouble) => guide.waiting(trouble),
    });
  } finally {
    guide.ends();
  }
}

/** Stores the credentials; when the disk fails now after all, elsewhere. */
async function keep(
  { tenant, user, password }: DeviceCredentials,
  reserved: PrivateFile,
  file: string,
  guide: Guide,
): Promise<ExitCode> {
  const text = credentialsText({ tenant, user, password: password.reveal() }, new Date());
  try {
    await reserved.keep(text);
    return guide.registered({ tenant, user, file });
  } catch (error) {
    const elsewhere = path.join(tmpdir(), `gatehouse-credentials-${process.pid}.yaml`);
    await writePrivateFile(elsewhere, text);
    await rm(reserved.temporary, { force: true });
    return guide.failed(
      `${file} cannot be written: ${fileTrouble(error)}. The credentials, which the cloud hands out only once, are in ${elsewhere}; move that file to ${file}.`,
      EXIT.failed,
    );
  }
}
