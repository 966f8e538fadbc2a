import type { FuzzTarget } from '../target.js';
import { admin } from './admin.js';
import { bayeux } from './bayeux.js';
import { config } from './config.js';
import { frameReader } from './frame-reader.js';
import { hostname } from './hostname.js';
import { journal } from './journal.js';
import { mqtt } from './mqtt.js';
import { operation } from './operation.js';
import { policy } from './policy.js';
import { redaction } from './redaction.js';
import { smartrest } from './smartrest.js';
import { tunnelUrlTarget } from './tunnel-url.js';
import { upgrade } from './upgrade.js';

/** Every parser and every decision that bytes from outside reach. */
export const TARGETS: readonly FuzzTarget[] = [
  operation,
  smartrest,
  bayeux,
  mqtt,
  hostname,
  tunnelUrlTarget,
  policy,
  frameReader,
  upgrade,
  journal,
  config,
  admin,
  redaction,
];
