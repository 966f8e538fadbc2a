import type { Conduit } from '../../config/config.js';
import type { Decision } from '../../policy/question.js';
import { printable } from '../terminal.js';
import { failureOf, messageOf } from './connection-error.js';
import { at } from './dial.js';
import type { Place } from './dial.js';
import type { Diagnosis, Fix } from './fault.js';
import { command, word } from './setting.js';
import type { Origin } from './setting.js';

/** Why a target on the plant network could not be connected to. */
export function targetFault(place: Place, conduits: readonly Conduit[], error: unknown): Diagnosis {
  const detail = `${at(place)}: ${printable(messageOf(error)).slice(0, 200)}`;
  const host = word(place.host);
  switch (failureOf(error)) {
    case 'unresolved':
    case 'name-server-silent':
      return {
        fault: 'target-unresolved',
        detail,
        advice: 'the DNS of this machine knows no address for this name',
        fixes: [
          command('see what the DNS of this machine says', `getent hosts ${host}`),
          inConduit(conduits, 'write its address', '    host: ADDRESS'),
        ],
      };
    case 'closed':
      return {
        fault: 'target-closed',
        detail,
        advice:
          'the target is there, but nothing listens on this port: its service is off, or has another port',
        fixes: [
          command('start its service on the target, then try again', `nc -vz ${host} ${place.port}`),
          inConduit(conduits, 'write the port that it has', '    ports: [PORT]'),
        ],
      };
    case 'silent':
      return {
        fault: 'target-silent',
        detail,
        advice: 'nothing comes back: the target is switched off, or a firewall drops what goes there',
        fixes: [
          command(
            'see whether it is on, and which way packets go',
            `ping -c 3 ${host}; ip route get ${host}`,
          ),
          command(
            'on a firewall in between, if that is nftables',
            `nft add rule inet filter forward ip daddr ${host} tcp dport ${place.port} accept`,
          ),
        ],
      };
    case 'cut':
      return {
        fault: 'target-closed',
        detail,
        advice:
          'the target takes the connection and cuts it: often it allows one at a time, or only some addresses',
        fixes: [command('try it by hand', `nc -v ${host} ${place.port}`)],
      };
    default:
      return {
        fault: 'target-unreachable',
        detail,
        advice: 'there is no way to this address: look at cabling, VLAN, route and firewall',
        fixes: [
          command('see which way packets would go', `ip route get ${host}`),
          command('set a route', `sudo ip route add ${host} via ROUTER`),
        ],
      };
  }
}

/** A target to which the policy lets nobody, so that it was not even tried. */
export function neverReached(
  place: Place,
  conduits: readonly Conduit[],
  { sentence }: Extract<Decision, { kind: 'deny' }>,
  origin: Origin,
): Diagnosis {
  const config = origin.file === undefined ? '' : ` --config ${word(origin.file)}`;
  return {
    fault: 'target-never',
    detail: printable(sentence.replace(/\.$/, '')),
    advice: 'the agent refuses every session to it, so it was not tried',
    fixes: [
      inConduit(conduits, 'name a target on the plant network', '    host: ADDRESS'),
      command('see what the policy says', `gatehouse explain ${word(at(place))}${config}`),
    ],
  };
}

/** A line of the first of the conduits that name the target. */
function inConduit([conduit]: readonly Conduit[], why: string, line: string): Fix {
  if (conduit === undefined) return command(why, line);
  const { file, line: number } = conduit.source;
  const where = number === 0 ? file : `${file}:${number}`;
  return command(`${why}: conduit ${conduit.name}, ${where}`, line);
}
