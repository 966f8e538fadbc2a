import { OperatorClient } from '../../../src/cli/connect/operator-client.js';
import { operatorSettings } from '../../../src/cli/connect/operator-settings.js';
import { CloudEnd, type CloudEndSample, type CloudEndSummary, type Opener } from '../ends/cloud-end.js';
import { GatewayOpener } from '../ends/gateway-opener.js';
import { OperatorOpener } from '../ends/operator-opener.js';
import { TunnelServer, type ServerIdentity } from '../ends/tunnel-server.js';
import { profileOf, type ProfileName } from '../profiles.js';
import { serveParent } from './child-side.js';
import type { Refusal } from './control-plane.js';

/*
 * The cloud's end of the sessions as a process. Notices out: connection keys to ask for; notices in: refusals.
 */

export interface Load {
  readonly profile: ProfileName;
  readonly sessions: number;
  readonly rampPerSecond: number;
  readonly seed: number;
}

/** Through somebody's tenant; user and password are in the environment. */
export interface OperatorWay {
  readonly url: string;
  readonly deviceId: string;
  readonly configurationId: string;
  readonly caFile: string | undefined;
}

export interface CloudCalls {
  /** Gives the base URL for the gateway's tunnels. */
  listen: { argument: { readonly tls: ServerIdentity | undefined }; result: string };
  dial: { argument: OperatorWay; result: undefined };
  start: { argument: Load; result: undefined };
  sample: { argument: undefined; result: CloudEndSample };
  stop: { argument: undefined; result: CloudEndSummary };
}

let opener: Opener | undefined;
let end: CloudEnd | undefined;

const tell = serveParent<CloudCalls>({
  calls: {
    listen: async ({ tls }) => {
      const server = await TunnelServer.start(tls);
      opener = new GatewayOpener(server, (keys) => tell(keys));
      return server.url;
    },
    dial: ({ url, caFile, deviceId, configurationId }) => {
      const client = new OperatorClient(operatorSettings({ url, caFile }, process.env));
      opener = new OperatorOpener({ client, deviceId, configurationId });
      return undefined;
    },
    start: ({ profile, ...load }) => {
      if (opener === undefined) throw new Error('the cloud end has no way to open sessions');
      const now = (): number => performance.now();
      end = new CloudEnd({ ...load, profile: profileOf(profile), opener, now });
      end.start();
      return undefined;
    },
    sample: () => running().sample(),
    stop: () => running().stop(),
  },
  onNotice: (notice) => {
    const { key, reason } = notice as Refusal;
    if (opener instanceof GatewayOpener) opener.refused(key, reason);
  },
});

function running(): CloudEnd {
  if (end === undefined) throw new Error('the cloud end has not started');
  return end;
}
