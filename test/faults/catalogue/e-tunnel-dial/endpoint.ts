import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { RawCloud } from '../../../helpers/raw-cloud.js';
import type { Stand, StandOptions } from '../../rig/stand.js';
import type { TcpTarget } from '../../../helpers/tcp-target.js';
import type { Rig } from '../../rig.js';

/** A stand whose tunnels go to servers of the row's own, one after the other, and a target that says nothing. */
export interface EndpointStand {
  readonly stand: Stand;
  readonly target: TcpTarget;
  /** From now on tunnels go to this port. */
  readonly use: (port: number) => void;
}

export interface EndpointOptions extends StandOptions {
  /** `https` (as localhost) or `http`. Default https. */
  readonly scheme?: 'https' | 'http';
  /** Authorities that the agent trusts, in PEM. */
  readonly trusted?: readonly string[];
  /** Of both dials. Default 10 s. */
  readonly connectTimeout?: string;
}

/** One agent serves many cases: its tunnels go through a proxy that changes its target. */
export async function endpointStand(rig: Rig, options: EndpointOptions = {}): Promise<EndpointStand> {
  const { scheme = 'https', trusted = [], connectTimeout = '10s', ...rest } = options;
  const proxy = await rig.proxyTo(1);
  const caFile = path.join(rig.folder, 'authorities.pem');
  writeFileSync(caFile, trusted.join('\n'));
  const host = scheme === 'https' ? 'localhost' : '127.0.0.1';
  const cloud = {
    remoteAccessUrl: `${scheme}://${host}:${proxy.port}`,
    ...(trusted.length > 0 ? { caFile } : {}),
  };
  const sections = { cloud, limits: { connectTimeout }, ...rest.sections };
  const stand = await rig.start({ ...rest, sections });
  const use = (port: number): void => {
    proxy.target = port;
  };
  return { stand, target: await rig.streamTarget(), use };
}

/** The address of a server for `remoteAccessUrl`. */
export function plainUrl({ port }: RawCloud): string {
  return `http://127.0.0.1:${port}`;
}
