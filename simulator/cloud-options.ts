import type { PlatformOptions } from './platform.js';

/** Every timing of the simulated cloud, in ms. Values of the real platform where they are documented. */
export interface CloudTiming {
  /** Life of a connection key. Default 60,000; the platform's is not documented. */
  readonly keyLifeMs: number;
  /** How long a client waits for the device before it is closed with 1011. Default 30,000. */
  readonly deviceWaitMs: number;
  /** Time between pings to the device end of a tunnel; 0 sends none. Default 0: nobody has reported any. */
  readonly pingIntervalMs: number;
  /** Time without a byte after which a tunnel is closed with 1001; 0 never. Default 0. */
  readonly idleTimeoutMs: number;
  /** Longest time a real-time connect hangs. Default 5,400,000, the platform's. */
  readonly longPollMs: number;
  /** Time between the blanks that keep a hanging connect alive. Default 30,000. */
  readonly heartbeatMs: number;
  /** Time after which a real-time session without a connect is forgotten. Default 10,000, the platform's. */
  readonly realtimeSessionMs: number;
  /** Time from an operation's creation to its delivery, on every channel. Default 0. */
  readonly deliveryDelayMs: number;
  /** Added to every HTTP request and upgrade. Default 0. */
  readonly latencyMs: number;
  /** Added to the time of the Date header of every HTTP reply: a gateway whose clock is off by as much. Default 0. */
  readonly dateSkewMs: number;
}

/** How a cloud starts; everything has a default. */
export interface CloudOptions extends PlatformOptions {
  /** Host to bind. Default 127.0.0.1; names in links follow the caller's Host header. */
  readonly host?: string;
  /** HTTP port. Default 0, a free one. */
  readonly port?: number;
  /** HTTPS port, which asks for no client certificate; undefined opens none, 0 takes a free one. */
  readonly httpsPort?: number;
  /** HTTPS port that takes device certificates and hands out tokens for them (8443 of the platform). */
  readonly certificatePort?: number;
  /** MQTT port; undefined opens none, 0 takes a free one. */
  readonly mqttPort?: number;
  /** MQTT over TLS, with or without device certificates; undefined opens none, 0 takes a free one. */
  readonly mqttsPort?: number;
  /** Further DNS names in the certificate of its servers, beside localhost. */
  readonly serverNames?: readonly string[];
  /** Name of the administrator. Default `operator`. */
  readonly operatorName?: string;
  /** Its password. Default: a random one. */
  readonly operatorPassword?: string;
  readonly timing?: Partial<CloudTiming>;
  /** When a client gets its 101. Default `at-once`, with up to 1 MiB kept until the device joins. */
  readonly clientOpens?: 'at-once' | 'with-device';
  /** Status of a device upgrade with an unknown, used or expired key. Default 404; the platform's is not documented. */
  readonly badKeyStatus?: number;
}

/** The timings that hold where nothing else is asked for. */
export const DEFAULT_TIMING: CloudTiming = {
  keyLifeMs: 60_000,
  deviceWaitMs: 30_000,
  pingIntervalMs: 0,
  idleTimeoutMs: 0,
  longPollMs: 5_400_000,
  heartbeatMs: 30_000,
  realtimeSessionMs: 10_000,
  deliveryDelayMs: 0,
  latencyMs: 0,
  dateSkewMs: 0,
};
