import type { Config } from '../config/config.js';
import { CurrentCredentials } from './authorization.js';
import type { Backoff } from './backoff.js';
import { CertificateNotices } from './certificate-notice.js';
import type { CloudClock } from './cloud-clock.js';
import type { CloudOptions } from './cloud-options.js';
import { CredentialWatch } from './credential-watch.js';
import { deviceTokens } from './device-tokens.js';
import type { MqttUplink } from './mqtt-uplink.js';
import type { Timing } from './timing.js';
import { TokenReplies } from './token-replies.js';
import type { TokenWay } from './token-way.js';

export interface DeviceIdentityParts {
  readonly options: CloudOptions;
  readonly timing: Timing;
  readonly monotonic: () => number;
  readonly newBackoff: () => Backoff;
  readonly clock: CloudClock;
  readonly uplink: MqttUplink;
  /** Where tokens come from, if not from the intake's own connection to the cloud. */
  readonly overLink?: (() => TokenWay) | undefined;
  /** Whether a connection with the device's MQTT client id may be opened. */
  readonly mayConnect: () => boolean;
  /** There are new credentials: whoever waits because of the old ones may try again. */
  readonly onRenewed: () => void;
}

/** Who the device is, kept up to date: credentials that are read again, tokens, and the end of a certificate. */
export class DeviceIdentity {
  readonly credentials: CurrentCredentials;
  /** Takes what the intake's MQTT connection receives on the topic of tokens. */
  readonly replies = new TokenReplies();
  readonly #parts: DeviceIdentityParts;
  readonly #watch: CredentialWatch;
  readonly #notices: CertificateNotices;
  #files: readonly string[];

  constructor(parts: DeviceIdentityParts) {
    this.#parts = parts;
    const { options, timing, clock, uplink } = parts;
    const { config, log, parseJson, tokens } = options;
    const link = { uplink, replies: this.replies };
    this.credentials = new CurrentCredentials(config.cloud, (certificate) =>
      deviceTokens(certificate, { ...parts, config, parseJson, link, ...tokens }),
    );
    this.#files = config.cloud.credentialFiles;
    this.#watch = new CredentialWatch({
      files: () => this.#files,
      onChange: () => this.renew('changed'),
      everyMs: timing.credentialsMs,
    });
    this.#notices = new CertificateNotices({
      certificate: () => this.credentials.certificate,
      now: () => clock.now(),
      log,
    });
  }

  /** Begins to look at files and dates; a second call is harmless. */
  start(): void {
    if (this.#parts.options.renewCredentials !== undefined) this.#watch.start();
    this.#notices.start();
  }

  stop(): void {
    this.#watch.stop();
    this.#notices.stop();
    this.credentials.close();
  }

  /** Reads the credentials again; what cannot be read changes nothing. */
  renew(why: 'refused' | 'changed'): void {
    const { options } = this.#parts;
    const fresh = options.renewCredentials?.(why);
    if (fresh !== undefined) this.replace(fresh);
    else if (why === 'changed')
      options.log.warn(
        { files: this.#files },
        'changed credentials cannot be used, the old ones stay in force',
      );
  }

  /** Takes these from now on. */
  replace(fresh: Pick<Config['cloud'], 'tenant' | 'credentials' | 'credentialFiles'>): void {
    this.#files = fresh.credentialFiles;
    if (!this.credentials.replace(fresh)) return;
    this.#parts.options.log.info({ kind: fresh.credentials.kind }, 'new credentials are in force');
    this.#notices.look();
    this.#parts.onRenewed();
  }
}
