import { GatehouseError } from '../../contract/failure.js';
import { normaliseHostname } from '../cloud/hostname.js';
import { loadConfig } from '../config/load.js';
import type { ChildConfig, Config } from '../config/config.js';
import { EXIT } from '../exit-codes.js';
import { policyOf } from '../gateway/policy.js';
import { whereIs } from '../policy/conduit-table.js';
import { explain } from '../policy/explain.js';
import { NO_SESSIONS, type Decision } from '../policy/question.js';
import { TimeZone } from '../policy/time-zone.js';
import { Resolver } from '../names/resolver.js';
import { readSwitchFile } from '../switch/switch-file.js';
import type { ProcessIo } from './process-io.js';
import { refusalJson } from './refusal.js';

export interface ExplainOptions {
  /** HOST:PORT, with brackets around IPv6. */
  readonly target: string;
  readonly file: string | undefined;
  /** External id of a child device. */
  readonly device: string | undefined;
  readonly json: boolean;
  /** ISO 8601; without an offset by the clocks of limits.timeZone. Default: now. */
  readonly at?: string | undefined;
}

/**
 * `gatehouse explain HOST:PORT`: the very decision that an operation would get, and why. Gives the exit code: 0 when
 * the target is allowed, 1 when it is not.
 */
export async function explainTarget(options: ExplainOptions, io: ProcessIo): Promise<number> {
  const { config } = loadConfig({ file: options.file, env: io.env, cwd: io.cwd });
  const usage = (sentence: string): number => misused(sentence, options, io);
  const nowMs = momentOf(options.at, config.limits.timeZone);
  if (nowMs === undefined) return usage(AT_USAGE);
  const parsed = parseTarget(options.target);
  if (typeof parsed === 'string') return usage(parsed);
  const child = childOf(config, options.device);
  if (child === 'unknown') return usage(`--device: device.children has no "${options.device ?? ''}".`);
  const tell = (decision: object, lines: readonly string[]): void => {
    const text = options.json ? JSON.stringify({ ...decision, lines }, null, 2) : lines.join('\n');
    io.stdout.write(`${text}\n`);
  };
  try {
    const { addresses } = await new Resolver().resolve(parsed.hostname);
    const policy = policyOf(config, config.admin.listen);
    const { decision, lines } = explain({
      ...parsed,
      addresses,
      child,
      ...policy,
      counts: NO_SESSIONS,
      nowMs,
    });
    const consent = await consentOf(config, decision);
    tell({ ...decision, ...consent }, [...lines, ...consentLines(consent, decision)]);
    return decision.kind === 'allow' ? EXIT.done : EXIT.failed;
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error;
    const { code, message: sentence } = error;
    tell({ kind: 'deny', code, sentence }, [`denied (${code}): ${sentence}`]);
    return EXIT.failed;
  }
}

/** What people on site still have to say once the policy allows a target. */
interface Consent {
  /** Each session waits for somebody to let it in. */
  readonly approval: boolean;
  /** Sentences about what is off, or is not known from here; empty when nothing is in the way. */
  readonly switch: readonly string[];
}

async function consentOf(config: Config, { conduit }: Decision): Promise<Consent> {
  const { file, mqttTopic } = config.switch;
  const reading = file === undefined ? undefined : await readSwitchFile(file);
  return {
    approval: conduit?.approval ?? false,
    switch: [
      ...(reading?.isOn === false ? [`${file ?? ''} ${reading.why}: no session is let in`] : []),
      // A look at a broker is what `check` is for: it takes a login and seconds.
      ...(mqttTopic === undefined
        ? []
        : [`${mqttTopic} on the plant's broker has to be on as well; gatehouse check reads it`]),
    ],
  };
}

function consentLines(consent: Consent, { conduit }: Decision): string[] {
  return [
    ...(consent.approval && conduit !== undefined
      ? [`  approval: ${whereIs(conduit)} lets a session in once somebody on site approves it`]
      : []),
    ...consent.switch.map((sentence) => `  hard switch: ${sentence}`),
  ];
}

const AT_USAGE =
  '--at takes a date and time, such as 2026-11-28T23:00 (by the clocks of limits.timeZone) or 2026-11-28T22:00Z.';

/** The moment that --at names, in ms since 1970; undefined for what is none. */
function momentOf(at: string | undefined, timeZone: string): number | undefined {
  if (at === undefined) return Date.now();
  const [, date = '', time = '', offset] =
    /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(Z|[+-]\d{2}:\d{2})?$/.exec(at) ?? [];
  const ms = Date.parse(`${date}T${time}${offset ?? 'Z'}`);
  // 30 February would be taken for 2 March.
  const day = Date.parse(`${date}T00:00Z`);
  const isDay = !Number.isNaN(day) && new Date(day).toISOString().startsWith(date);
  if (Number.isNaN(ms) || !isDay) return undefined;
  return offset === undefined ? new TimeZone(timeZone).momentOf(ms) : ms;
}

function parseTarget(text: string): { hostname: string; port: number } | string {
  const [, host = '', digits = ''] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (host === '' || port < 1 || port > 65_535)
    return 'The target is HOST:PORT, for example 10.0.5.7:5900 or [fd00::67]:22.';
  const normal = normaliseHostname(host);
  return normal.ok
    ? { hostname: normal.hostname, port }
    : `The host cannot be used: ${JSON.stringify(host)} ${normal.why}.`;
}

function childOf({ device }: Config, externalId: string | undefined): ChildConfig | undefined | 'unknown' {
  if (externalId === undefined || externalId === device.externalId) return undefined;
  return device.children.find((child) => child.externalId === externalId) ?? 'unknown';
}

function misused(sentence: string, { json }: ExplainOptions, io: ProcessIo): number {
  if (json) io.stdout.write(refusalJson(EXIT.usage, sentence));
  else io.stderr.write(`gatehouse explain: ${sentence}\n`);
  return EXIT.usage;
}
