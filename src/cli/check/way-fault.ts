import { EXIT } from '../../exit-codes.js';
import { printable } from '../terminal.js';
import { UntrustedCertificate } from './certificate.js';
import { ProxyRefusal, ProxyUnreachable, failureOf, messageOf } from './connection-error.js';
import type { Failure } from './connection-error.js';
import { at, placeOf, proxyTo } from './dial.js';
import type { Place } from './dial.js';
import type { Diagnosis, Fault, Fix } from './fault.js';
import type { Outcome, ProbeContext } from './probe.js';
import { proxyFault, proxyUnreachable } from './proxy-fault.js';
import { command, setting, word } from './setting.js';
import { tlsFault } from './tls-fault.js';
import { portFixes } from './way.js';
import type { Way } from './way.js';

/** A connection towards the cloud that failed, as an outcome. */
export function wayFailure(context: ProbeContext, way: Way, error: unknown): Outcome {
  return { status: 'failed', ...diagnose(context, way, error), exit: EXIT.unreachable };
}

function diagnose(context: ProbeContext, way: Way, error: unknown): Diagnosis {
  const place = placeOf(way.url);
  if (error instanceof ProxyRefusal) return proxyFault(context, place, error);
  if (error instanceof ProxyUnreachable) return proxyUnreachable(context, error);
  const detail = `${at(place)}: ${printable(messageOf(error)).slice(0, 200)}`;
  const found = { context, way, place, failure: failureOf(error), detail };
  const certificate = error instanceof UntrustedCertificate ? error.certificate : undefined;
  return nameFault(found) ?? networkFault(found) ?? tlsFault({ ...found, certificate });
}

/** A failure, and all that its sentence needs. */
interface Found {
  readonly context: ProbeContext;
  readonly way: Way;
  readonly place: Place;
  readonly failure: Failure;
  readonly detail: string;
}

/** What is wrong with the name; undefined when it is something else. */
function nameFault({ context, way, place, failure, detail }: Found): Diagnosis | undefined {
  const { origin } = context;
  const { host } = place;
  switch (failure) {
    case 'unresolved':
      return {
        fault: 'name-unresolved',
        detail,
        advice: 'the DNS of this machine knows no address for this name',
        fixes: [
          command('see what the DNS of this machine says', `getent hosts ${word(host)}`),
          setting(origin, way.key, nameless(way.url), 'if it is misspelt'),
          ...proxyFixes(context, place),
        ],
      };
    case 'name-server-silent':
      return {
        fault: 'name-server-silent',
        detail,
        advice: 'the DNS server of this machine does not answer',
        fixes: [
          command('see which one that is', 'cat /etc/resolv.conf'),
          command('until it does, name the address here', `echo "ADDRESS ${host}" | sudo tee -a /etc/hosts`),
          ...proxyFixes(context, place),
        ],
      };
    default:
      return undefined;
  }
}

/** What is wrong below TLS; undefined when it is above. */
function networkFault({ context, way, place, failure, detail }: Found): Diagnosis | undefined {
  const host = word(place.host);
  const found = (fault: Fault, advice: string, ...fixes: Fix[]): Diagnosis => ({
    fault,
    detail,
    advice,
    fixes,
  });
  switch (failure) {
    case 'closed':
      return found(
        'cloud-closed',
        'the machine is there, but nothing listens on this port',
        ...portFixes(context.origin, way),
        command('try it by hand', `nc -vz ${host} ${place.port}`),
      );
    case 'silent':
      return found(
        'cloud-silent',
        'nothing comes back: a firewall on the way drops it, or the machine is off',
        command('see which way it goes', `ip route get "$(getent ahosts ${host} | awk '{print $1; exit}')"`),
        command(
          'on a firewall in between, if that is nftables',
          `nft add rule inet filter forward ip daddr ADDRESS tcp dport ${place.port} accept`,
        ),
        ...proxyFixes(context, place),
      );
    case 'unreachable':
      return found(
        'cloud-unreachable',
        'there is no route, or a firewall says no',
        command('see the route', 'ip route show default'),
        command('set one', 'sudo ip route add default via ROUTER'),
        ...proxyFixes(context, place),
      );
    case 'cut':
      return found(
        'cloud-cut',
        'something on the way cuts the connection: a firewall or proxy that does not like what it sees',
        command('try it by hand', `nc -v ${host} ${place.port}`),
        ...proxyFixes(context, place),
      );
    default:
      return undefined;
  }
}

/** A proxy, where none was on the way; one that is there and was not used is not proposed again. */
function proxyFixes({ config, origin }: ProbeContext, place: Place): Fix[] {
  if (proxyTo(config, place) !== undefined) return [];
  if (origin.proxySource.kind === 'default')
    return [setting(origin, 'cloud.proxy', 'http://PROXY:3128', 'if only a proxy gets out of this network')];
  return [
    command(
      `if only the proxy gets out of this network: take ${place.host} out of NO_PROXY in the agent's environment`,
      'printenv NO_PROXY no_proxy',
    ),
  ];
}

function nameless(url: string): string {
  const { protocol, port } = new URL(url);
  return `${protocol}//TENANT.example.com${port === '' ? '' : `:${port}`}`;
}
