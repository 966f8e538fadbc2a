/** Where a device publishes, by what it asks for. */
export type PublishTopic =
  /** Static templates; `child` is the external id in the topic, if any. */
  | { readonly kind: 'smartrest'; readonly child: string | undefined }
  | { readonly kind: 'token' }
  | { readonly kind: 'credentials' }
  /** JSON over MQTT, by its path; only checked, not stored. */
  | { readonly kind: 'json' }
  | { readonly kind: 'ignored' };

/** `s`, `t`, `q` and `c` differ in what the platform stores and for how long, which nothing here depends on. */
const SMARTREST = /^[stqc]\/us(?:\/(.+))?$/;
const JSON_PATH = /^(?:[tqc]\/)?(?:event|alarm|measurement|inventory)\//;

/** What a publish to this topic asks for. */
export function publishTopic(topic: string): PublishTopic {
  const smartrest = SMARTREST.exec(topic);
  if (smartrest !== null) return { kind: 'smartrest', child: smartrest[1] };
  if (topic === 's/uat') return { kind: 'token' };
  if (topic === 's/ucr') return { kind: 'credentials' };
  return JSON_PATH.test(topic) ? { kind: 'json' } : { kind: 'ignored' };
}

/** Topics that may be subscribed to at any time. */
const OPEN = new Set(['s/e', 'error', 's/dcr', 's/dt', 's/ol']);
/** Topics that are refused until the device object exists. */
const NEEDS_DEVICE = new Set(['s/ds', 's/dat', 'devicecontrol/notifications']);

/** Whether a subscription is taken: exact known topics only, some of them only once the device object exists. */
export function maySubscribe(topic: string, deviceExists: boolean): boolean {
  if (/[+#]/.test(topic)) return false;
  if (NEEDS_DEVICE.has(topic) || topic.startsWith('s/dc/')) return deviceExists;
  return OPEN.has(topic);
}
