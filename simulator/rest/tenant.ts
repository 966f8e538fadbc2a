import { notFound, PlatformError } from '../store/platform-error.js';
import { type Call, demand, param, type Reply, type Route, textField } from './call.js';

/** Tenant: login, identity, options, trusted certificates. */
export const tenantRoutes: readonly Route[] = [
  { method: 'GET', path: '/tenant/loginOptions', isOpen: true, handle: loginOptions },
  { method: 'POST', path: '/tenant/oauth', isOpen: true, handle: oauth },
  { method: 'POST', path: '/tenant/oauth/token', isOpen: true, handle: oauthToken },
  { method: 'GET', path: '/tenant/currentTenant', handle: currentTenant },
  { method: 'GET', path: '/tenant/options/:category/:key', handle: getOption },
  { method: 'PUT', path: '/tenant/options/:category/:key', handle: putOption },
  { method: 'GET', path: '/tenant/system/options/:category/:key', handle: getSystemOption },
  { method: 'POST', path: '/tenant/tenants/:tenant/trusted-certificates', handle: trust },
  { method: 'GET', path: '/application/currentApplication/subscriptions', handle: subscriptions },
];

/** What the remote-access user interface of older releases asks for. */
const SYSTEM_OPTIONS: Readonly<Record<string, string>> = {
  'remoteaccess/pass-through.enabled': 'true',
  'system/version': '1023.0.0',
};

function loginOptions(call: Call): Reply {
  const { tenant } = call.platform;
  const common = { userManagementSource: 'INTERNAL', visibleOnLoginPage: true };
  const oauthInternal = {
    ...common,
    id: 'OAUTH2_INTERNAL',
    type: 'OAUTH2_INTERNAL',
    grantType: 'PASSWORD',
    initRequest: `${call.baseUrl}/tenant/oauth?tenant_id=${encodeURIComponent(tenant)}`,
    self: `${call.baseUrl}/tenant/loginOptions/OAUTH2_INTERNAL`,
  };
  const basic = { ...common, id: 'BASIC', type: 'BASIC', self: `${call.baseUrl}/tenant/loginOptions/BASIC` };
  return {
    status: 200,
    media: 'loginOptionCollection',
    body: { loginOptions: [oauthInternal, basic], self: `${call.baseUrl}/tenant/loginOptions` },
  };
}

function passwordLogin(call: Call) {
  const tenant = call.query.get('tenant_id') ?? call.platform.tenant;
  const name = textField(call, 'username', 'security');
  const user = call.platform.users.login(
    name.includes('/') ? name : `${tenant}/${name}`,
    textField(call, 'password', 'security'),
  );
  if (user === undefined || call.body.grant_type !== 'PASSWORD') {
    throw new PlatformError(401, 'security/Unauthorized', 'Invalid credentials! : Bad credentials');
  }
  return user;
}

function oauth(call: Call): Reply {
  const token = call.platform.users.issueToken(passwordLogin(call), { cookie: true });
  const secure = call.baseUrl.startsWith('https:') ? '; Secure' : '';
  return {
    status: 200,
    headers: {
      'Set-Cookie': [
        `authorization=${token.value}; Path=/; HttpOnly${secure}`,
        `XSRF-TOKEN=${token.xsrf ?? ''}; Path=/${secure}`,
      ],
    },
  };
}

function oauthToken(call: Call): Reply {
  return { status: 200, body: { access_token: call.platform.users.issueToken(passwordLogin(call)).value } };
}

function currentTenant(call: Call): Reply {
  const references = call.platform.subscriptions.list().map((name, index) => ({
    application: { id: String(index + 1), name, key: name, contextPath: name, type: 'MICROSERVICE' },
  }));
  return {
    status: 200,
    media: 'currentTenant',
    body: {
      name: call.user.tenant,
      domainName: new URL(call.baseUrl).host,
      allowCreateTenants: false,
      customProperties: {},
      applications: { references },
      self: `${call.baseUrl}/tenant/currentTenant`,
    },
  };
}

function getOption(call: Call): Reply {
  demand(call, 'ROLE_OPTION_MANAGEMENT_READ');
  const [category, key] = [param(call, 'category'), param(call, 'key')];
  const value = call.platform.tenantOptions.get(category, key);
  if (value === undefined) throw notFound('tenant', `Unable to find option by key '${category}, ${key}'!`);
  return { status: 200, media: 'option', body: { category, key, value } };
}

function putOption(call: Call): Reply {
  demand(call, 'ROLE_OPTION_MANAGEMENT_ADMIN');
  const [category, key, value] = [
    param(call, 'category'),
    param(call, 'key'),
    textField(call, 'value', 'tenant'),
  ];
  call.platform.tenantOptions.set(category, key, value);
  return { status: 200, media: 'option', body: { category, key, value } };
}

function getSystemOption(call: Call): Reply {
  const [category, key] = [param(call, 'category'), param(call, 'key')];
  const value = SYSTEM_OPTIONS[`${category}/${key}`];
  if (value === undefined) throw notFound('tenant', `Unable to find option by key '${category}, ${key}'!`);
  return { status: 200, media: 'option', body: { category, key, value } };
}

function trust(call: Call): Reply {
  demand(call, 'ROLE_OPTION_MANAGEMENT_ADMIN');
  call.platform.trustedCertificates.add(textField(call, 'certInPemFormat', 'tenant'));
  return { status: 201, body: { name: call.body.name, status: 'ENABLED' } };
}

/** The service users of a microservice: here one, with the rights of an administrator. */
function subscriptions(call: Call): Reply {
  demand(call, 'ROLE_OPTION_MANAGEMENT_ADMIN');
  const { user, password } = call.platform.serviceUser('cloud-http-proxy');
  return {
    status: 200,
    media: 'applicationUserCollection',
    body: { users: [{ tenant: user.tenant, name: user.name, password }] },
  };
}
