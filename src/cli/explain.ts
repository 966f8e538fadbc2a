import { GatehouseError } from '../../contract/failure.js';
import { normaliseHostname } from '../cloud/hostname.js';
import { loadConfig } from '../config/load.js';
import type { ChildConfig, Config } from '../config/config.js';
import { EXIT } from '../exit-codes.js';
import { policyOf } from '../gateway-policy.js';
import { explain } from '../policy/explain.js';
import { NO_SESSIONS } from '../policy/question.js';
import { TimeZone } from '../policy/time-zone.js';
import { Resolver } from '../names/resolver.js';
import type { ProcessIo } from './process-io.js';

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
  const nowMs = momentOf(options.at, config.limits.timeZone);
  if (nowMs === undefined) return usage(io, AT_USAGE);
  const parsed = parseTarget(options.target);
  if (typeof parsed === 'string') return usage(io, parsed);
  const child = childOf(config, options.device);
  if (child === 'unknown') return usage(io, `--device: device.children has no "${options.device ?? ''}".`);
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
    io.stdout.write(
      options.json ? `${JSON.stringify({ ...decision, lines }, null, 2)}\n` : `${lines.join('\n')}\n`,
    );
    return decision.kind === 'allow' ? EXIT.done : EXIT.failed;
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error;
    io.stdout.write(`denied (${error.code}): ${error.message}\n`);
    return EXIT.failed;
  }
}

const AT_USAGE =
  '--at takes a date and time, such as 2026-11-28T23:00 (by the clocks of limits.timeZone) or 2026-11-28T22:00Z.';

/** The moment that --at names, in ms since 1970; undefined for what is none. */
function momentOf(at: string | undefined, timeZone: string): number | undefined {
  if (at === undefined) return Date.now();
  const [, date = '', time = '', offset] =
    /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(Z|[+-]\d{2}:\d{2})?$/.exec(at) ?? [];
  const ms = Date.parse(`${date}T${time}${offset ?? 'Z'}`);
  if (Number.isNaN(ms)) return undefined;
  return offset === undefined ? new TimeZone(timeZone).momentOf(ms) : ms;
}

function parseTarget(text: string): { hostname: string; port: number } | string {
  const [, host = '', digits = ''] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (host === '' || port < 1 || port > 65_535)
    return 'The target is HOST:PORT, for example 10.0.5.7:5900 or [fd00::67]:22.';
  const normal = normaliseHostname(host);
  return normal.ok ? { hostname: normal.hostname, port } : `The host cannot be used: ${normal.why}.`;
}

function childOf({ device }: Config, externalId: string | undefined): ChildConfig | undefined | 'unknown' {
  if (externalId === undefined || externalId === device.externalId) return undefined;
  return device.children.find((child) => child.externalId === externalId) ?? 'unknown';
}

function usage(io: ProcessIo, sentence: string): number {
  io.stderr.write(`gatehouse explain: ${sentence}\n`);
  return EXIT.usage;
}
