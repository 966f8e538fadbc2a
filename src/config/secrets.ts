import type { Config } from './config.js';

/** Every secret of a configuration with its kind, and the forms that go over the wire, for redaction by value. */
export function secretsOf(config: Config): readonly { readonly secret: string; readonly kind: string }[] {
  const { credentials, tenant, proxy } = config.cloud;
  const found: { secret: string; kind: string }[] = [];
  if (credentials.kind === 'token') {
    found.push({ secret: credentials.token.reveal(), kind: 'token' });
  } else {
    const password = credentials.password.reveal();
    found.push({ secret: password, kind: 'password' });
    found.push({ secret: `${loginName(tenant, credentials.user)}:${password}`, kind: 'credentials' });
  }
  if (proxy?.password !== undefined) {
    found.push({ secret: proxy.password.reveal(), kind: 'proxy-password' });
    found.push({ secret: `${proxy.user ?? ''}:${proxy.password.reveal()}`, kind: 'proxy-credentials' });
  }
  if (config.admin.token !== undefined)
    found.push({ secret: config.admin.token.reveal(), kind: 'admin-token' });
  return found;
}

/** `tenant/user`, or `user` alone when the tenant is empty. */
export function loginName(tenant: string, user: string): string {
  return tenant === '' ? user : `${tenant}/${user}`;
}
