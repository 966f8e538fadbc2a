import net from 'node:net';
import type { CertificateView } from './certificate.js';
import type { Failure } from './connection-error.js';
import { at } from './dial.js';
import type { Place } from './dial.js';
import type { Diagnosis, Fix } from './fault.js';
import type { ProbeContext } from './probe.js';
import { command, setting, word } from './setting.js';
import { portFixes } from './way.js';
import type { Way } from './way.js';

/** A TLS handshake that failed. */
export interface TlsFailure {
  readonly context: ProbeContext;
  readonly way: Way;
  readonly place: Place;
  readonly failure: Failure;
  readonly detail: string;
  /** What is known of the certificate. */
  readonly certificate: CertificateView | undefined;
}

/** What is wrong with TLS, or with what is left. */
export function tlsFault(found: TlsFailure): Diagnosis {
  const { context, way, place, detail, failure } = found;
  switch (failure) {
    case 'tls-issuer':
      return unknownIssuer(found);
    case 'tls-name':
      return otherName(found);
    case 'tls-expired':
      return {
        fault: 'tls-expired',
        detail,
        advice: 'the certificate has expired, or the clock of this machine is ahead',
        fixes: [
          command('see until when it was valid', `${showCertificate(found)} | openssl x509 -noout -dates`),
          command('if `date` shows the wrong time', 'sudo timedatectl set-ntp true'),
        ],
      };
    case 'tls-not-yet':
      return {
        fault: 'tls-not-yet',
        detail,
        advice: 'the certificate begins later than now: the clock of this machine is probably behind',
        fixes: [command('set the clock by NTP', 'sudo timedatectl set-ntp true')],
      };
    case 'tls-weak':
      return {
        fault: 'tls-weak',
        detail,
        advice:
          'key, signature or protocol are too weak; whoever runs that server has to renew its certificate',
        fixes: [command('see what it offers', `${showCertificate(found)} | openssl x509 -noout -text`)],
      };
    case 'tls-none':
      return {
        fault: 'tls-none',
        // Node's own message is several lines of OpenSSL.
        detail: `${at(place)} answers, but not with TLS`,
        advice: 'what answers there does not speak TLS',
        fixes: [...portFixes(context.origin, way), command('see what it is', showCertificate(found))],
      };
    default:
      return {
        fault: 'cloud-cut',
        detail,
        advice: 'the connection does not come about; look at what is between this machine and there',
        fixes: [command('try it by hand', showCertificate(found))],
      };
  }
}

function unknownIssuer(found: TlsFailure): Diagnosis {
  const { context, detail, certificate } = found;
  const whose = certificate === undefined ? 'its issuer' : `"${certificate.issuer}"`;
  return {
    fault: 'tls-issuer',
    detail,
    advice: `nobody whom this machine trusts vouches for the certificate; a firewall that inspects TLS shows like this, too`,
    fixes: [
      command(
        'see who does, and ask whoever runs it whether that is right',
        `${showCertificate(found)} -showcerts`,
      ),
      setting(
        context.origin,
        'cloud.caFile',
        '/etc/gatehouse/ca.pem',
        `if that is right, with the root of ${whose} in that file`,
      ),
    ],
  };
}

function otherName(found: TlsFailure): Diagnosis {
  const { context, way, detail, certificate } = found;
  const name = certificate?.names
    .map((each) => each.replace(/^\*/, 'TENANT'))
    .find((each) => net.isIP(each) === 0);
  const url = new URL(way.url);
  if (name !== undefined) url.hostname = name;
  const fixes: Fix[] =
    name === undefined
      ? []
      : [setting(context.origin, way.key, url.href.replace(/\/$/, ''), 'use the name that it is for')];
  return {
    fault: 'tls-name',
    detail,
    advice: 'the certificate is for another name: this is another server, or goes by another name',
    fixes: [
      ...fixes,
      command('see all its names', `${showCertificate(found)} | openssl x509 -noout -ext subjectAltName`),
    ],
  };
}

function showCertificate({ place }: TlsFailure): string {
  const name = net.isIP(place.host) === 0 ? ` -servername ${word(place.host)}` : '';
  return `openssl s_client -connect ${word(at(place))}${name} </dev/null`;
}
