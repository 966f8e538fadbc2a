import { deviceCertificate } from './certificate-rules.js';
import { consentRules } from './consent-rules.js';
import { OTHER_CREDENTIALS } from './credentials-file.js';
import type { Layer } from './layers.js';
import { isLoopback } from './urls.js';
import type { Problem, Source } from './problem.js';
import type { Locate } from './validation.js';
import type { KeyName, Settings } from './schema.js';
import { KEY_NAMES, specOf } from './schema.js';
import { nearest } from './suggestion.js';

/** Shorter admin tokens can be guessed; 16 characters of a random alphabet carry 64 bits and more. */
const MIN_ADMIN_TOKEN_CHARACTERS = 16;

/** What the rules look at: the values that are valid, and what was set at all. */
export interface RuleInput {
  readonly values: Partial<Settings>;
  readonly entries: Layer;
  readonly locate: Locate;
  /** Keys and sections that have a problem of their own, so that they must not be called missing as well. */
  readonly troubled: ReadonlySet<string>;
  /** Place for what is not set anywhere. */
  readonly nowhere: Source;
  /** Wall clock, in ms since 1970. */
  readonly nowMs: number;
  /** The credentials are still to come, into the file of cloud.credentialsFile. */
  readonly isRegistering: boolean;
}

/** What the rules have found. */
export interface Findings {
  readonly problems: Problem[];
  readonly warnings: { readonly source: Source; readonly key: string; readonly message: string }[];
}

/** What concerns more than one key. Values that are invalid on their own are passed over; they have their problem. */
export function checkRules(input: RuleInput): Findings {
  const findings: Findings = { problems: [], warnings: [] };
  requiredKeys(input, findings);
  if (!storedCredentials(input, findings)) credentials(input, findings);
  deviceCertificate(input, findings);
  conduits(input, findings);
  children(input, findings);
  adminToken(input, findings);
  mqttLogin(input, findings);
  mqttClientId(input, findings);
  localBroker(input, findings);
  consentRules(input, findings);
  return findings;
}

function requiredKeys({ entries, locate, nowhere, troubled }: RuleInput, { problems }: Findings): void {
  for (const key of KEY_NAMES) {
    const { isRequired, example, environment } = specOf(key);
    if (!isRequired || entries.has(key) || troubled.has(key) || troubled.has(sectionOf(key))) continue;
    const message = `is missing${environment === undefined ? '' : `; ${environment.join(' or ')} in the environment also sets it`}`;
    problems.push({ source: locate(nowhere, key), key, message, example });
  }
}

function sectionOf(key: string): string {
  return key.split('.')[0] ?? key;
}

/** Whether the file of cloud.credentialsFile has (or will get) the credentials; then nothing else may hold any. */
function storedCredentials(input: RuleInput, { problems }: Findings): boolean {
  const { entries, locate, nowhere, isRegistering, troubled } = input;
  const key: KeyName = 'cloud.credentialsFile';
  const own = entries.get(key);
  if (own === undefined && !isRegistering) return false;
  const other = OTHER_CREDENTIALS.find((name) => entries.has(name));
  const example = '/etc/gatehouse/credentials.yaml';
  if (own === undefined) {
    const instead = other === undefined ? '' : ` in place of ${other}`;
    const message = `is missing${instead}: it names the file in which the credentials are to be stored`;
    if (!troubled.has('cloud')) problems.push({ source: locate(nowhere, 'cloud'), key, message, example });
  } else if (other !== undefined) {
    const message = `and ${other} are both set; the file holds tenant, user and password, so keep one of them`;
    problems.push({ source: own.source, key, message, example: undefined });
  }
  return true;
}

/** Exactly one of user with password, token, and certificate with key. */
function credentials(
  { values, entries, locate, nowhere, troubled }: RuleInput,
  { problems }: Findings,
): void {
  const isSet = (key: string): boolean => entries.has(key) || entries.has(`${key}File`);
  const sourceOf = (key: string): Source =>
    entries.get(key)?.source ?? entries.get(`${key}File`)?.source ?? locate(nowhere, 'cloud');
  const complain = (at: string, key: string, message: string, example?: string): void => {
    problems.push({ source: sourceOf(at), key, message, example });
  };
  if (troubled.has('cloud')) return;
  const [user, password, token] = [isSet('cloud.user'), isSet('cloud.password'), isSet('cloud.token')];
  const [certificate, key] = [isSet('cloud.certFile'), isSet('cloud.keyFile')];
  if (certificate || key) {
    const given = certificate ? 'cloud.certFile' : 'cloud.keyFile';
    const lacking = certificate ? 'cloud.keyFile' : 'cloud.certFile';
    const other = token ? 'cloud.token' : user ? 'cloud.user' : password ? 'cloud.password' : undefined;
    if (other !== undefined) complain(given, given, `and ${other} are both set; keep one way to log in`);
    else if (!certificate || !key)
      complain(
        given,
        lacking,
        `is missing, but ${given} is set`,
        `/etc/gatehouse/device.${certificate ? 'key' : 'pem'}`,
      );
    return;
  }
  if (token && (user || password)) {
    const other = user ? 'cloud.user' : 'cloud.password';
    complain('cloud.token', 'cloud.token', `and ${other} are both set; keep the token, or user and password`);
  } else if (user && !password) {
    complain(
      'cloud.user',
      'cloud.password',
      'is missing, but cloud.user is set',
      'cloud.passwordFile: /etc/gatehouse/password',
    );
  } else if (password && !user) {
    complain('cloud.password', 'cloud.user', 'is missing, but cloud.password is set', 'device_gw-7');
  } else if (!token && !user && values['intake.kind'] !== 'thin-edge') {
    const message =
      'has no credentials: give cloud.user and cloud.password, cloud.token, cloud.credentialsFile, or cloud.certFile and cloud.keyFile';
    complain('cloud', 'cloud', message, '{ user: device_gw-7, passwordFile: /etc/gatehouse/password }');
  }
}

function conduits({ values, entries, locate }: RuleInput, { problems, warnings }: Findings): void {
  const list = values.conduits;
  if (list === undefined) return;
  const source = entries.get('conduits')?.source;
  if (list.length === 0 || source === undefined) {
    warnings.push({
      source: source ?? { kind: 'default' },
      key: 'conduits',
      message: 'is empty: every operation will be refused',
    });
    return;
  }
  const names = new Map<string, number>();
  for (const [index, { name, host }] of list.entries()) {
    const at = (field: string): { source: Source; key: string } => {
      const key = `conduits[${index}].${field}`;
      return { source: locate(source, key), key };
    };
    const first = names.get(name);
    if (first === undefined) names.set(name, index);
    else
      problems.push({
        ...at('name'),
        message: `"${name}" is also the name of conduits[${first}]`,
        example: `${name}-2`,
      });
    if (host.endsWith('/0')) warnings.push({ ...at('host'), message: `${host} permits every address` });
  }
}

function children({ values, entries, locate }: RuleInput, { problems }: Findings): void {
  const source = entries.get('device.children')?.source;
  if (source === undefined || values['device.children'] === undefined) return;
  const names = values.conduits?.map(({ name }) => name);
  const owners = new Map([[values['device.externalId'] ?? '', 'device']]);
  for (const [index, { externalId, targets }] of values['device.children'].entries()) {
    const path = `device.children[${index}]`;
    const complain = (key: string, message: string): void => {
      problems.push({ source: locate(source, key), key, message, example: undefined });
    };
    const owner = owners.get(externalId);
    if (owner === undefined) owners.set(externalId, path);
    else complain(`${path}.externalId`, `"${externalId}" is also the external id of ${owner}`);
    for (const [position, target] of (targets ?? []).entries()) {
      if (names === undefined || names.includes(target)) continue;
      const near = nearest(target, names);
      const hint = near === undefined ? '' : `; did you mean ${near}?`;
      complain(`${path}.targets[${position}]`, `"${target}" names no conduit${hint}`);
    }
  }
}

function adminToken({ values, entries, locate, nowhere }: RuleInput, { problems, warnings }: Findings): void {
  const listen = values['admin.listen'];
  if (listen?.kind !== 'tcp' || isLoopback(listen.host)) return;
  const key: KeyName = 'admin.token';
  const isSet = entries.has(key) || entries.has(`${key}File`);
  const source = entries.get(key)?.source ?? entries.get('admin.listen')?.source ?? locate(nowhere, key);
  if (!isSet) {
    const message = `is missing: admin.listen ${listen.host}:${listen.port} can be reached from other machines`;
    problems.push({ source, key, message, example: 'admin.tokenFile: /etc/gatehouse/admin-token' });
  } else if ((values[key]?.reveal().length ?? Infinity) < MIN_ADMIN_TOKEN_CHARACTERS) {
    warnings.push({ source, key, message: `has fewer than ${MIN_ADMIN_TOKEN_CHARACTERS} characters` });
  }
}

/** The MQTT endpoint takes user and password; a bearer token is for REST and tunnels only. */
function mqttLogin({ values, entries, locate, nowhere }: RuleInput, { problems }: Findings): void {
  if (values['intake.kind'] !== 'mqtt' || values['cloud.token'] === undefined) return;
  const key: KeyName = 'intake.kind';
  const message = 'mqtt needs cloud.user and cloud.password; cloud.token works with rest';
  problems.push({ source: entries.get(key)?.source ?? locate(nowhere, key), key, message, example: 'rest' });
}

/** The MQTT client id is `d:<external id>`, so a colon would end the id early. */
function mqttClientId({ values, entries, locate, nowhere }: RuleInput, { problems }: Findings): void {
  const externalId = values['device.externalId'];
  if (values['intake.kind'] !== 'mqtt' || externalId?.includes(':') !== true) return;
  const key: KeyName = 'device.externalId';
  const source = entries.get(key)?.source ?? locate(nowhere, key);
  problems.push({
    source,
    key,
    message: `"${externalId}" must not hold a colon with intake.kind mqtt`,
    example: '"gw-7"',
  });
}

/** User and password, certificate and key come in pairs. */
function localBroker({ entries, locate, nowhere, troubled }: RuleInput, { problems }: Findings): void {
  const isSet = (key: string): boolean => entries.has(key) || entries.has(`${key}File`);
  for (const [one, other] of BROKER_PAIRS) {
    if (isSet(one) === isSet(other)) continue;
    const [there, missing] = isSet(one) ? [one, other] : [other, one];
    if (troubled.has(there) || troubled.has(missing)) continue;
    const source =
      entries.get(there)?.source ?? entries.get(`${there}File`)?.source ?? locate(nowhere, there);
    problems.push({ source, key: missing, message: `is missing, but ${there} is set`, example: undefined });
  }
}

const BROKER_PAIRS = [
  ['thinEdge.mqttUser', 'thinEdge.mqttPassword'],
  ['thinEdge.mqttCertFile', 'thinEdge.mqttKeyFile'],
] as const;
