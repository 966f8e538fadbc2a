import type { Secret } from '../../contract/secret.js';

/** The whole configuration after loading: validated, defaults filled in, sizes in bytes, times in ms. */
export interface Config {
  readonly cloud: {
    /** `https://host[:port]`, no path; `http://` only for loopback. */
    readonly url: string;
    /** Base URL of the tunnel WebSockets, as http(s); the cloud's URL when not set. */
    readonly remoteAccessUrl: string;
    /** May be empty. */
    readonly tenant: string;
    readonly credentials:
      | { readonly kind: 'basic'; readonly user: string; readonly password: Secret }
      | { readonly kind: 'token'; readonly token: Secret }
      | { readonly kind: 'certificate'; readonly certificate: DeviceCertificate }
      /** Tokens that thin-edge.io fetches; only with intake thin-edge. */
      | { readonly kind: 'thin-edge' };
    /** Where `register` stores the credentials, as an absolute path; undefined when they stand elsewhere. */
    readonly credentialsFile?: string | undefined;
    /** Files that the credentials stand in, absolute: they are read again when they change. */
    readonly credentialFiles: readonly string[];
    /** Where a token for the device certificate is asked for, in this order. */
    readonly tokenPlaces: readonly TokenPlace[];
    /** Content of cloud.caFile: extra trusted roots in PEM. */
    readonly ca: string | undefined;
    /** HTTP proxy on the way to `url`; undefined when there is none or NO_PROXY names the host. */
    readonly proxy: ProxyConfig | undefined;
    /** The same for `remoteAccessUrl`, which may be another host. */
    readonly remoteAccessProxy: ProxyConfig | undefined;
    /** The same for the MQTT endpoint. */
    readonly mqttProxy: ProxyConfig | undefined;
    /** Oldest TLS version that is accepted from the cloud. */
    readonly minTlsVersion: 'TLSv1.2' | 'TLSv1.3';
  };
  readonly device: {
    readonly externalId: string;
    readonly externalIdType: string;
    readonly name: string;
    readonly children: readonly ChildConfig[];
  };
  readonly intake: {
    readonly kind: 'rest' | 'mqtt' | 'thin-edge';
    readonly mqttUrl: string;
    readonly operationAgeMs: number;
  };
  readonly thinEdge: ThinEdgeConfig;
  readonly conduits: readonly Conduit[];
  readonly approval: {
    /** Longest wait for somebody who approves. */
    readonly timeoutMs: number;
    /** Where requests are put down as files, and answered by files; undefined = nowhere. */
    readonly directory: string | undefined;
    /** Below which topic of the plant's broker requests are published and answered; undefined = nowhere. */
    readonly mqttTopic: string | undefined;
  };
  /** The hard switch; both undefined = none. Where both are set, both have to be on. */
  readonly switch: { readonly file: string | undefined; readonly mqttTopic: string | undefined };
  /** The plant's own MQTT broker; undefined = none. */
  readonly plant: PlantConfig | undefined;
  readonly limits: {
    readonly sessions: number;
    readonly sessionsPerTarget: number;
    readonly connectTimeoutMs: number;
    readonly idleTimeoutMs: number;
    readonly sessionDurationMs: number;
    readonly bootstrapBufferBytes: number;
    readonly bufferBytes: number;
    readonly maxMessageBytes: number;
    /** Memory of the whole agent; 0 = not watched. */
    readonly memoryBytes: number;
    /** Of each session in each direction; 0 = off. */
    readonly sessionBandwidthBytesPerSecond: number;
    /** Of all sessions together in each direction; 0 = off. */
    readonly bandwidthBytesPerSecond: number;
    /** IANA name; the system's when not set. */
    readonly timeZone: string;
  };
  readonly keepAlive: { readonly webSocketPingMs: number };
  readonly workers: { readonly count: number; readonly isolation: 'thread' | 'process' };
  /** Where the journal is kept; undefined = only in memory. */
  readonly state: { readonly directory: string | undefined };
  readonly admin: { readonly listen: AdminListen; readonly token: Secret | undefined };
  readonly audit: {
    /** Where the audit log is; undefined = there is none. */
    readonly file: string | undefined;
    /** An event in the cloud at the end of each session. */
    readonly events: boolean;
  };
  readonly log: { readonly level: LogLevel; readonly format: 'json' | 'pretty' };
}

/** What intake thin-edge needs beside the others; without it, nobody looks at it. */
export interface ThinEdgeConfig {
  /** Absolute; usually /etc/tedge. */
  readonly configDirectory: string;
  /** Empty for the default cloud connection. */
  readonly profile: string;
  /** One topic level, before the topics of the cloud. */
  readonly topicPrefix: string;
  /** One topic level, before the local topics. */
  readonly topicRoot: string;
  /** How to log in at the local broker. */
  readonly broker: {
    readonly user: string | undefined;
    readonly password: Secret | undefined;
    /** Trusted roots in PEM. */
    readonly ca: string | undefined;
    /** Shown in the TLS handshake. */
    readonly certificate: Pick<DeviceCertificate, 'chain' | 'key'> | undefined;
  };
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

export type AdminListen =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'off' };

/** Who the device is, by certificate. */
export interface DeviceCertificate {
  /** PEM: the certificate, and behind it those between it and its root. */
  readonly chain: string;
  /** PEM. */
  readonly key: Secret;
  /** Of the subject: the external id of the device. */
  readonly commonName: string;
  /** In ms since 1970. */
  readonly validFromMs: number;
  readonly validToMs: number;
}

/** Where tokens for a device certificate are handed out. */
export interface TokenPlace {
  /** `https://host:port` of the access token endpoint, or `mqtts://host:port` of the MQTT endpoint. */
  readonly url: string;
  readonly proxy: ProxyConfig | undefined;
}

export interface ProxyConfig {
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: Secret | undefined;
  /** TLS to the proxy itself (`https://`). Default: plain HTTP. */
  readonly isSecure?: true;
}

/** How to get at the plant's MQTT broker. */
export interface PlantConfig {
  readonly mqttUrl: string;
  readonly user: string | undefined;
  readonly password: Secret | undefined;
  /** Content of plant.caFile: extra trusted roots in PEM. */
  readonly ca: string | undefined;
}

export interface ChildConfig {
  readonly externalId: string;
  readonly name: string;
  /** Names of the conduits that an operation on this child may use; undefined = all. */
  readonly targets: readonly string[] | undefined;
}

/** A permitted path: what the cloud may reach through this gateway. */
export interface Conduit {
  readonly name: string;
  /** Address, CIDR or DNS name, as written. */
  readonly host: string;
  /** Inclusive ranges; `"*"` is 1–65535. */
  readonly ports: readonly PortRange[];
  readonly maxSessions: number | undefined;
  readonly idleTimeoutMs: number | undefined;
  readonly sessionDurationMs: number | undefined;
  /** Hours in which it may be used; undefined = always. */
  readonly window: ConduitWindow | undefined;
  /** IANA name; `limits.timeZone` when not set. */
  readonly timeZone: string;
  /** Of each session in each direction; 0 = off, undefined = `limits.sessionBandwidth`. */
  readonly bandwidthBytesPerSecond: number | undefined;
  /** One session to each target at a time. */
  readonly exclusive: boolean;
  /** Somebody on site has to approve each session. */
  readonly approval: boolean;
  /** Where it is written, for explain, refusals and audit. */
  readonly source: { readonly file: string; readonly line: number };
}

/** When a conduit may be used, by the clocks of its time zone. */
export interface ConduitWindow {
  /** One or more; those that overlap or follow each other at once are one. */
  readonly times: readonly WeeklyTime[];
  /** Where it is written. */
  readonly source: { readonly file: string; readonly line: number };
}

/** A time of some days of every week. */
export interface WeeklyTime {
  /** `Mon-Fri 06:00-18:00` */
  readonly text: string;
  /** Days on which it begins; 0 = Sunday. */
  readonly days: readonly number[];
  /** 0 to 1,439. */
  readonly fromMinute: number;
  /** 1 to 1,440, exclusive; below `fromMinute` it is one of the next day. */
  readonly toMinute: number;
}

export interface PortRange {
  readonly from: number;
  readonly to: number;
}
