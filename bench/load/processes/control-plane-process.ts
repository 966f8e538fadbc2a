import { serveParent } from './child-side.js';
import {
  ControlPlane,
  type ControlPlaneFacts,
  type ControlPlaneSample,
  type ControlPlaneSummary,
  type Refusal,
} from './control-plane.js';

/*
 * The control plane as a process. Notices in: connection keys to ask for; notices out: refusals.
 */

export interface ControlPlaneCalls {
  start: {
    argument: { readonly isTls: boolean; readonly targetPorts: readonly number[] };
    result: ControlPlaneFacts;
  };
  sample: { argument: undefined; result: ControlPlaneSample };
  summary: { argument: undefined; result: ControlPlaneSummary };
}

let started: ControlPlane | undefined;

const tell = serveParent<ControlPlaneCalls>({
  calls: {
    start: async (options) => {
      const onRefused = (refusal: Refusal): void => tell(refusal);
      const { controlPlane, facts } = await ControlPlane.start(options, onRefused);
      started = controlPlane;
      return facts;
    },
    sample: () => running().sample(),
    summary: () => running().summary(),
  },
  onNotice: (keys) => {
    for (const key of keys as readonly string[]) running().create(key);
  },
});

function running(): ControlPlane {
  if (started === undefined) throw new Error('the control plane has not started');
  return started;
}
