import { elements, property } from './json-value.js';
import { REMOTE_ACCESS_FRAGMENT } from './operation.js';

/** The bytes are forwarded as they are, so every protocol that the cloud offers works. */
export const SUPPORTED_PROTOCOLS = ['SSH', 'TELNET', 'VNC', 'PASSTHROUGH'] as const;

const AGENT_NAME = 'Gatehouse';

/** The fragments that say what a device can do; the gateway is also the agent that operations are delivered to. */
export function ownFragments(role: 'gateway' | 'child', version: string): Record<string, unknown> {
  return {
    c8y_IsDevice: {},
    ...(role === 'gateway'
      ? { com_cumulocity_model_Agent: {}, c8y_Agent: { name: AGENT_NAME, version } }
      : {}),
    c8y_SupportedOperations: [REMOTE_ACCESS_FRAGMENT],
    c8y_RemoteAccessSupportedProtocols: [...SUPPORTED_PROTOCOLS],
  };
}

/**
 * What has to be written to an existing managed object so that it has our fragments; undefined when nothing.
 * Other agents share the device: their list entries stay, and so does their `c8y_Agent`. The name is never touched.
 */
export function missingFragments(
  managedObject: unknown,
  role: 'gateway' | 'child',
  version: string,
): Record<string, unknown> | undefined {
  const patch: Record<string, unknown> = {};
  for (const [key, ours] of Object.entries(ownFragments(role, version))) {
    const merged = merge(property(managedObject, key), ours, elements(managedObject, key));
    if (merged !== undefined) patch[key] = merged;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function merge(theirs: unknown, ours: unknown, list: readonly unknown[]): unknown {
  if (Array.isArray(ours)) {
    const missing = ours.filter((entry) => !list.includes(entry));
    return missing.length === 0 ? undefined : [...list, ...(missing as readonly unknown[])];
  }
  if (theirs === undefined || theirs === null) return ours;
  const newVersion =
    property(theirs, 'name') === AGENT_NAME && property(theirs, 'version') !== property(ours, 'version');
  return newVersion ? ours : undefined;
}
