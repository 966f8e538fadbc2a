import { printable } from '../terminal.js';
import { ProxyUnreachable, failureOf } from './connection-error.js';
import { at } from './dial.js';
import type { Place } from './dial.js';
import type { Diagnosis } from './fault.js';
import type { ProbeContext } from './probe.js';
import { command, setting, word } from './setting.js';

/** The proxy took the request and said no. */
export function proxyFault({ config, origin }: ProbeContext, place: Place, status: number): Diagnosis {
  const { proxy } = config.cloud;
  const via = proxy === undefined ? 'HOST:PORT' : at(proxy);
  const detail = `${via} answers ${status} to CONNECT ${at(place)}`;
  if (status === 407) {
    const isWrong = proxy?.user !== undefined;
    return {
      fault: 'proxy-credentials',
      detail,
      advice: isWrong
        ? 'the proxy does not accept this user and password'
        : 'the proxy wants a user and a password',
      fixes: [
        setting(origin, 'cloud.proxy', `http://USER:PASSWORD@${via}`, isWrong ? 'correct them' : 'give them'),
        command(
          'try them by hand',
          `curl -svo /dev/null -x http://${via} -U USER https://${word(at(place))}/`,
        ),
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
        command('see whether it gets anywhere', `curl -svo /dev/null -x http://${via} https://example.com/`),
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

/** The proxy is not there. */
export function proxyUnreachable({ config, origin }: ProbeContext, error: ProxyUnreachable): Diagnosis {
  const { proxy } = config.cloud;
  const via = proxy === undefined ? 'HOST:PORT' : at(proxy);
  const [host, port] = [word(proxy?.host ?? 'HOST'), proxy?.port ?? 'PORT'];
  const isName = ['unresolved', 'name-server-silent'].includes(failureOf(error));
  return {
    fault: 'proxy-unreachable',
    detail: `${via}: ${printable(error.message).slice(0, 200)}`,
    advice: isName ? 'the name of the proxy has no address here' : 'the proxy itself cannot be reached',
    fixes: [
      command('try it by hand', isName ? `getent hosts ${host}` : `nc -vz ${host} ${port}`),
      setting(origin, 'cloud.proxy', 'http://PROXY:3128', 'if it is written wrongly'),
    ],
  };
}
