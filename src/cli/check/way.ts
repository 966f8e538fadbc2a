import type { Fix } from './fault.js';
import { setting } from './setting.js';
import type { Origin } from './setting.js';

/** A URL of the configuration that is connected to. */
export interface Way {
  readonly key: 'cloud.url' | 'cloud.remoteAccessUrl' | 'intake.mqttUrl';
  readonly url: string;
}

/** The same URL on the usual port; nothing when it is there already. */
export function portFixes(origin: Origin, { key, url: text }: Way): Fix[] {
  const url = new URL(text);
  const usual = url.protocol === 'mqtts:' ? '8883' : '';
  if (['', usual].includes(url.port) || !['https:', 'mqtts:', 'wss:'].includes(url.protocol)) return [];
  url.port = usual;
  return [setting(origin, key, url.href.replace(/\/$/, ''), 'if the port is wrong')];
}
