import { loadAdmin, loadConfig } from '../config/load.js';
import { ConfigError } from '../config/problem.js';
import type { AdminTarget } from './admin-client.js';
import type { ProcessIo } from './process-io.js';

/**
 * Where the running agent can be asked: from the same configuration that it runs with. One that is invalid by now, of which
 * the agent has refused the reload, still says that.
 * @throws ConfigError when it does not.
 */
export function adminTarget(file: string | undefined, { env, cwd }: ProcessIo): AdminTarget {
  try {
    return loadConfig({ file, env, cwd }).config.admin;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const admin = loadAdmin({ file, env, cwd });
    if (admin === undefined) throw error;
    return { ...admin, invalid: error };
  }
}
