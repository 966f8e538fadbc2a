import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { RegisteredDevice } from '../../../simulator/cloud.js';

/** Sections of the configuration file. */
export type Sections = Readonly<Record<string, unknown>>;

/** Where a cloud is; undefined where it has no such port. */
export interface CloudPlace {
  readonly url: string;
  readonly httpsUrl: string | undefined;
  readonly mqttUrl: string | undefined;
  readonly mqttsUrl: string | undefined;
  /** Certificate (PEM) of its authority. */
  readonly ca: string | undefined;
}

export interface ConfigurationParts {
  readonly cloud: CloudPlace;
  readonly device: RegisteredDevice;
  /** For the file with the cloud's authority. */
  readonly folder: string;
  readonly intake: 'rest' | 'mqtt';
}

/** A configuration that works, over TLS where the cloud has it; keys of `sections` replace its keys, section by section. */
export function configurationOf(parts: ConfigurationParts, sections: Sections): Sections {
  const { tenant, user, password, externalId } = parts.device;
  const working: Sections = {
    cloud: { url: parts.cloud.httpsUrl ?? parts.cloud.url, tenant, user, password, ...authority(parts) },
    device: { externalId },
    intake: intake(parts),
    conduits: [{ name: 'loopback', host: '127.0.0.1', ports: ['*'] }],
    workers: { count: 1 },
    admin: { listen: '127.0.0.1:0' },
  };
  const names = [...new Set([...Object.keys(working), ...Object.keys(sections)])];
  return Object.fromEntries(names.map((name) => [name, merged(working[name], sections[name])]));
}

function authority({ cloud, folder }: ConfigurationParts): object {
  if (cloud.ca === undefined) return {};
  const caFile = path.join(folder, 'ca.pem');
  writeFileSync(caFile, cloud.ca);
  return { caFile };
}

function intake({ cloud, intake: kind }: ConfigurationParts): object {
  return kind === 'rest' ? { kind } : { kind, mqttUrl: cloud.mqttsUrl ?? cloud.mqttUrl };
}

function merged(working: unknown, given: unknown): unknown {
  if (given === undefined) return working;
  return isSection(working) && isSection(given) ? { ...working, ...given } : given;
}

function isSection(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
