import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Config } from '../../config/config.js';
import type { StoredCredentials } from '../../config/credentials-file.js';
import { loadConfig } from '../../config/load.js';
import { documentsOf } from './document.js';
import type { Draft, Login } from './draft.js';

/** Variables that say how to get out of the plant's network; nothing else of the environment belongs to a draft. */
const NETWORK_VARIABLES = ['HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy'];

/** Somebody to log in as where only the draft matters. */
const NOBODY: StoredCredentials = { tenant: '', user: 'nobody', password: 'none' };

/** Whether everything that the login needs is in files already, so that the loader can judge it as it is. */
function isOnDisk(login: Login): boolean {
  switch (login.kind) {
    case 'register':
    case 'thin-edge':
      return false;
    case 'password':
      return 'file' in login.password;
    case 'token':
      return 'file' in login.token;
    case 'certificate':
      return true;
  }
}

/**
 * The draft as the loader reads it. It is written, without any secret, into a folder of its own, which is gone again
 * when this returns. @throws ConfigError
 */
export function stagedConfig(
  draft: Draft,
  env: Readonly<Record<string, string | undefined>>,
  loginAs?: StoredCredentials,
): Config {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-init-'));
  try {
    const { proxy } = draft;
    const isTyped = proxy !== undefined && 'secret' in proxy;
    const isOpen = loginAs !== undefined || !isOnDisk(draft.login);
    const staged: Draft = {
      ...draft,
      login: isOpen ? { kind: 'register', file: 'credentials.yaml' } : draft.login,
      proxy: isTyped ? undefined : proxy,
    };
    const { text } = documentsOf(staged, { stem: 'staged', schema: undefined, madeAt: new Date(0) });
    const file = 'gatehouse.yaml';
    writeFileSync(path.join(folder, file), text, { mode: 0o600 });
    const network = Object.fromEntries(NETWORK_VARIABLES.map((name) => [name, env[name]]));
    const overrides = isTyped ? { 'cloud.proxy': proxy.secret } : {};
    return loadConfig({
      file,
      env: network,
      cwd: folder,
      overrides,
      loginAs: isOpen ? (loginAs ?? NOBODY) : undefined,
    }).config;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
