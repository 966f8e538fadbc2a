import { networkInterfaces } from 'node:os';
import type { AdminListen, Config } from '../config/config.js';
import { ConduitTable } from '../policy/conduit-table.js';
import { GatewayAddresses } from '../policy/reach.js';
import type { Policy } from '../supervisor/admission.js';

/** What the enforcement and `gatehouse explain` decide by; made anew at a reload. */
export function policyOf(config: Config, adminListen: AdminListen): Policy {
  const own = Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).map(({ cidr }) => cidr ?? ''),
  );
  return {
    conduits: new ConduitTable(config.conduits),
    gateway: new GatewayAddresses(adminListen, own),
    limits: config.limits,
    webSocketPingMs: config.keepAlive.webSocketPingMs,
    operationAgeMs: config.intake.operationAgeMs,
  };
}
