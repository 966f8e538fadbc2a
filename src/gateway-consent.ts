import { ApprovalTable } from './approval/approval-table.js';
import type { Config } from './config/config.js';
import type { Log } from './log/log.js';

export interface GatewayConsentParts {
  readonly config: Config;
  readonly log: Log;
}

/** What people on site have a say in: approvals and the hard switch. */
export class GatewayConsent {
  readonly approvals: ApprovalTable;

  constructor({ config }: GatewayConsentParts) {
    this.approvals = new ApprovalTable(config.approval);
  }
}
