import { loadConfig } from '../config/load.js';
import type { AdminTarget } from './admin-client.js';
import type { ProcessIo } from './process-io.js';

/**
 * Where the running agent can be asked: from the same configuration that it runs with.
 * @throws ConfigError when that is invalid.
 */
export function adminTarget(file: string | undefined, { env, cwd }: ProcessIo): AdminTarget {
  const { config } = loadConfig({ file, env, cwd });
  return config.admin;
}
