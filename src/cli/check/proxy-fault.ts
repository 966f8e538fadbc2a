import type { ProxyConfig } from '../../config/config.js';
import { printable } from '../terminal.js';
import type { ProxyRefusal, ProxyUnreachable } from './connection-error.js';
import { failureOf } from './connection-error.js';
import { at } from './dial.js';
import type { Place } from './dial.js';
import type { Diagnosis, Fix } from './fault.js';
import type { ProbeContext } from './probe.js';
import { command, secretFileFix, setting, word } from './setting.js';
import type { Origin } from './setting.js';

/** The proxy took the request and said no. */
export function proxyFault({ origin }: ProbeContext, place: Place, refusal: ProxyRefusal): Diagnosis {
  const { proxy, status } = refusal;
  const detail = `${at(proxy)} answers ${status} to CONNECT ${at(place)}`;
  const curl = `curl -svo /dev/null -x ${urlOf(proxy)}`;
  if (status === 407) {
    const isWrong = proxy.user !== undefined;
    const login = `${schemeOf(proxy)}://USER:PASSWORD@${at(proxy)}`;
    return {
      fault: 'proxy-credentials',
      detail,
      advice: isWrong
        ? 'the proxy does not accept this user and password'
        : 'the proxy wants a user and a password',
      fixes: [
        proxyAs(origin, login, isWrong ? 'correct them' : 'give them'),
        command('try them by hand', `${curl} -U USER https://${word(at(place))}/`),
      ],
    };
  }
  if (status >= 500) {
    return {
      fault: 'proxy-refused',
      detail,
      advice:
        'the proxy cannot get to the cloud itself: a name or a port is wrong, or its own way out is cut',
      fixes: [
        setting(
          origin,
          'cloud.url',
          'https://TENANT.example.com',
          'if the name or the port of the cloud is wrong',
        ),
        command('see whether it gets anywhere', `${curl} https://example.com/`),
      ],
    };
  }
  return {
    fault: 'proxy-refused',
    detail,
    advice: 'the proxy does not let this machine get to the cloud',
    fixes: [
      command(
        'allow it on the proxy; these are lines of squid.conf, above its "deny all"',
        `acl gatehouse_cloud dstdomain ${place.host}`,
        `acl gatehouse_port port ${place.port}`,
        'http_access allow CONNECT gatehouse_cloud gatehouse_port',
      ),
      command("go past it: set this in the agent's environment", `NO_PROXY=${place.host}`),
    ],
  };
}

/** The proxy is not there, or is none. */
export function proxyUnreachable({ origin }: ProbeContext, error: ProxyUnreachable): Diagnosis {
  const { proxy } = error;
  const failure = failureOf(error);
  if (failure === 'tls-none') return proxyWithoutTls(origin, proxy);
  const host = word(proxy.host);
  const isName = ['unresolved', 'name-server-silent'].includes(failure);
  return {
    fault: 'proxy-unreachable',
    detail: `${at(proxy)}: ${printable(error.message).slice(0, 200)}`,
    advice: isName ? 'the name of the proxy has no address here' : 'the proxy itself cannot be reached',
    fixes: [
      command('try it by hand', isName ? `getent hosts ${host}` : `nc -vz ${host} ${proxy.port}`),
      proxyAs(origin, 'http://PROXY:3128', 'if it is written wrongly'),
    ],
  };
}

function proxyWithoutTls(origin: Origin, proxy: ProxyConfig): Diagnosis {
  const login = proxy.user === undefined ? '' : 'USER:PASSWORD@';
  return {
    fault: 'proxy-unreachable',
    detail: `${at(proxy)} answers, but not with TLS, and cloud.proxy says https://`,
    advice: 'https:// is for a proxy that wants TLS itself; what goes through either kind is encrypted',
    fixes: [proxyAs(origin, `http://${login}${at(proxy)}`, 'speak plain HTTP to it')],
  };
}

/** Where the URL of the proxy is to be changed: never in the configuration when it stands in a file of its own. */
function proxyAs(origin: Origin, url: string, why: string): Fix {
  return secretFileFix(origin, 'cloud.proxy', url, why) ?? setting(origin, 'cloud.proxy', url, why);
}

function urlOf(proxy: ProxyConfig): string {
  return `${schemeOf(proxy)}://${word(at(proxy))}`;
}

function schemeOf({ isSecure }: ProxyConfig): string {
  return isSecure === true ? 'https' : 'http';
}
