import { EXIT } from '../exit-codes.js';
import { LocalPort } from './connect/local-port.js';
import { operatorEnvironment, startPlant, type Plant } from './demo/plant.js';
import { prove } from './demo/proof.js';
import type { ProcessIo } from './process-io.js';

export interface DemoOptions {
  /** Prove it and exit, instead of waiting for somebody to try. */
  readonly once: boolean;
  readonly version: string;
}

/** `gatehouse demo`: embedded cloud, agent, targets and local ports on this machine. Gives the exit code. */
export async function demo({ once, version }: DemoOptions, io: ProcessIo): Promise<number> {
  const interrupted = new Promise<void>((resolve) => io.onInterrupt(resolve));
  io.stdout.write('Starting an embedded cloud, a gateway and three plant devices on this machine…\n');
  const echoed = new Set<string>();
  const onEchoed = (sha256: string): void => void echoed.add(sha256);
  const plant = await startPlant({ version, io, logLevel: once ? 'error' : 'info', onEchoed });
  try {
    if (once) {
      const isProven = await Promise.race([prove(plant, echoed, io), interrupted.then(() => false)]);
      return isProven ? EXIT.done : EXIT.failed;
    }
    await showAround(plant, io, interrupted);
    return EXIT.done;
  } finally {
    await plant.stop();
  }
}

/** Opens a local port per target and waits until `interrupted`. */
async function showAround(plant: Plant, io: ProcessIo, interrupted: Promise<void>): Promise<void> {
  const ports: LocalPort[] = [];
  const lines = new Map<string, number>();
  for (const [name, endpointId] of plant.endpoints) {
    const port = new LocalPort({
      port: 0,
      once: false,
      open: (signal) => plant.operator.openTunnel(plant.deviceId, endpointId, signal),
      // The agent's own log says what happened; saying it twice would only confuse.
      onEnded: () => undefined,
    });
    lines.set(name, await port.listen());
    ports.push(port);
  }
  io.stdout.write(invitation(plant, lines));
  await interrupted;
  io.stdout.write('\nStopping.\n');
  for (const port of ports) port.stop();
  await Promise.all(ports.map((port) => port.ended()));
}

function invitation(plant: Plant, ports: ReadonlyMap<string, number>): string {
  const at = (name: string): number => ports.get(name) ?? 0;
  const [url, tenant, ...login] = Object.entries(operatorEnvironment(plant.cloud)).map(
    ([name, value]) => `${name}='${value}'`,
  );
  // Every line but that of the environment fits into 80 columns, so that nothing breaks where it is copied.
  const line = (command: string, what: string): string => `  ${command.padEnd(38)}${what}`;
  return `
Each of these local ports opens a session through the cloud to a device behind
the gateway. In another terminal, try:

${line(`curl http://127.0.0.1:${at('web')}/`, 'the web page of an HMI')}
${line(`nc 127.0.0.1 ${at('banner')}`, 'a device that speaks first')}
${line(`nc 127.0.0.1 ${at('echo')}`, 'a device that repeats you')}
${line(`curl -m 3 http://127.0.0.1:${at('denied')}/`, 'refused; the reason appears below')}

What the gateway has open, live in a browser:

  ${plant.dashboardUrl}

The same as a command, and why it refuses that last target:

  CONFIG=${plant.configFile}
  npx gatehouse sessions --config $CONFIG
  npx gatehouse explain 127.0.0.1:${plant.deniedPort} --config $CONFIG

The operator's end as a command of its own:

  export ${url ?? ''} ${tenant ?? ''}
  export ${login.join(' ')}
  npx gatehouse connect ${plant.device} web --listen 8000

What the gateway does is shown below. Ctrl-C ends it.

`;
}
