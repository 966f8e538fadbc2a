import { verifiedCertificate } from './certificate.js';
import { at, dialCloud, dialTls, placeOf } from './dial.js';
import { endAfter } from './network-probes.js';
import type { Outcome, Probe, ProbeContext } from './probe.js';
import { wayFailure } from './way-fault.js';

/**
 * The MQTT endpoint, up to TLS. Nobody logs in: a second client with the device's id would throw out a running agent.
 */
export const MQTT_PROBE: Probe = {
  id: 'mqtt',
  title: 'MQTT endpoint',
  deadlineMs: 10_000,
  needs: ['proxy'],
  run: tryMqtt,
};

async function tryMqtt(context: ProbeContext, signal: AbortSignal): Promise<Outcome> {
  const { config } = context;
  const { kind, mqttUrl: url } = config.intake;
  if (kind !== 'mqtt') return { status: 'skipped', detail: `intake.kind is ${kind}` };
  const place = placeOf(url);
  try {
    const socket = await dialCloud(config, place, signal);
    if (place.isTls)
      endAfter(await dialTls(socket, place, config.cloud, signal, 'look'), verifiedCertificate);
    else socket.destroy();
    return { status: 'ok', detail: `connected to ${at(place)}${place.isTls ? ', TLS verified' : ''}` };
  } catch (error) {
    return wayFailure(context, { key: 'intake.mqttUrl', url }, error);
  }
}
