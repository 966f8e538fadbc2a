import type { Diagnosis, Fix } from './fault.js';
import type { ProbeContext } from './probe.js';
import { command, secretFileFix, setting, word } from './setting.js';
import type { Origin } from './setting.js';

type Advice = Pick<Diagnosis, 'advice' | 'fixes'>;

/**
 * What to do about credentials that the cloud refuses: each kind is put right in another place.
 *
 * @param realm what stands before the user's name: `TENANT/`, or nothing.
 */
export function refusedAdvice(context: ProbeContext, realm: string): Advice {
  const { config, origin } = context;
  const url = word(new URL('/user/currentUser', config.cloud.url).href);
  const isSet = (key: 'cloud.credentialsFile' | 'cloud.certFile'): boolean =>
    origin.sources[key].kind !== 'default';
  if (isSet('cloud.credentialsFile')) return registered(origin, url, realm);
  if (isSet('cloud.certFile')) return withCertificate(config.device.externalId);
  if (config.cloud.credentials.kind === 'basic') return withPassword(origin, url, realm);
  // The probes of thin-edge.io have put the token of its bridge in place of its credentials.
  return origin.sources['cloud.token'].kind === 'default' ? withBridge() : withToken(origin, url);
}

function registered(origin: Origin, url: string, realm: string): Advice {
  return {
    advice:
      'the device was removed from the tenant, its user is disabled, or it was registered anew elsewhere',
    fixes: [command('register this device anew', registerCommand(origin, '--force')), byHand(url, realm)],
  };
}

function withPassword(origin: Origin, url: string, realm: string): Advice {
  return {
    advice: 'user or password are wrong, or the user is disabled',
    fixes: [rightSecret(origin, 'cloud.password', 'password'), byHand(url, realm)],
  };
}

function withToken(origin: Origin, url: string): Advice {
  return {
    advice: 'the token has expired or is another one',
    fixes: [
      rightSecret(origin, 'cloud.token', 'token'),
      command('try it by hand', `curl -i -H 'Authorization: Bearer TOKEN' ${url}`),
    ],
  };
}

/** Where a secret that is wrong stands: it is put right there, or better in a file of its own. */
function rightSecret(origin: Origin, key: 'cloud.password' | 'cloud.token', what: string): Fix {
  const [source, content] = [origin.sources[key], what.toUpperCase()];
  const why = `give the right ${what}`;
  if (source.kind === 'thin-edge')
    return command(`${why} where thin-edge.io has it`, `sudoedit ${word(source.file)}`);
  if (source.kind === 'environment' && origin.secretFiles[key] === undefined)
    return command(`${why}: set this in the agent's environment`, `${source.name}=${content}`);
  const file = `/etc/gatehouse/${what}`;
  return (
    secretFileFix(origin, key, content, why) ??
    setting(origin, `${key}File`, file, `${why} in a file of its own`)
  );
}

/** The certificate has brought a token just before, so it is not the certificate. */
function withCertificate(externalId: string): Advice {
  return {
    advice:
      'the cloud gave a token for the certificate and does not take it: the user of the device is disabled',
    fixes: [
      command(
        'see the user, as an administrator, with go-c8y-cli',
        `c8y users get --id ${word(`device_${externalId}`)}`,
      ),
    ],
  };
}

function withBridge(): Advice {
  return {
    advice: 'the cloud does not take the token that it gave to thin-edge.io',
    fixes: [command('see how thin-edge.io is connected', 'sudo tedge connect c8y --test')],
  };
}

/** The command that gets the credentials of cloud.credentialsFile. */
export function registerCommand({ file }: Pick<Origin, 'file'>, ...flags: readonly string[]): string {
  const words = [...flags, ...(file === undefined ? [] : ['--config', word(file)])];
  return ['gatehouse register', ...words].join(' ');
}

function byHand(url: string, realm: string): Fix {
  return command('try them by hand', `curl -i -u '${realm}USER' ${url}`);
}
