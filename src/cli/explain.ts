import { GatehouseError } from '../../contract/failure.js';
import { normaliseHostname } from '../cloud/hostname.js';
import { loadConfig } from '../config/load.js';
import type { ChildConfig, Config } from '../config/config.js';
import { EXIT } from '../exit-codes.js';
import { policyOf } from '../gateway-policy.js';
import { explain } from '../policy/explain.js';
import { NO_SESSIONS } from '../policy/question.js';
import { Resolver } from '../names/resolver.js';
import type { ProcessIo } from './process-io.js';

export interface ExplainOptions {
  /** HOST:PORT, with brackets around IPv6. */
  readonly target: string;
  readonly file: string | undefined;
  /** External id of a child device. */
  readonly device: string | undefined;
  readonly json: boolean;
}

/**
 * `gatehouse explain HOST:PORT`: the very decision that an operation would get, and why. Gives the exit code: 0 when
 * the target is allowed, 1 when it is not.
 */
export async function explainTarget(options: ExplainOptions, io: ProcessIo): Promise<number> {
  const { config } = loadConfig({ file: options.file, env: io.env, cwd: io.cwd });
  const parsed = parseTarget(options.target);
  if (typeof parsed === 'string') return usage(io, parsed);
  const child = childOf(config, options.device);
  if (child === 'unknown') return usage(io, `--device: device.children has no "${options.device ?? ''}".`);
  try {
    const { addresses } = await new Resolver().resolve(parsed.hostname);
    const policy = policyOf(config, config.admin.listen);
    const { decision, lines } = explain({ ...parsed, addresses, child, ...policy, counts: NO_SESSIONS });
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
