import { arch, cpus } from 'node:os';

/** What figures depend on besides the code. No host name: results are published. */
export interface Machine {
  /** Short and the same for like machines: `epyc-7b13-2c-x64-node20`. */
  readonly id: string;
  /** Processor as the system names it; empty where it does not, as on some ARM boards. */
  readonly cpu: string;
  readonly cores: number;
  /** As Node names it: `x64`, `arm64`. */
  readonly arch: string;
}

/** Words of processor names that tell no processor from another. */
const FILLER = /\((?:r|tm|c)\)|\b(?:amd|intel|arm|cpu|processor|with|radeon|graphics|\d+-core)\b|@.*$/g;

/** Longest part of the processor's name in an id, in characters. */
const MAX_CPU_CHARACTERS = 32;

/** The machine this process runs on. */
export function thisMachine(): Machine {
  const processors = cpus();
  const cpu = processors[0]?.model.trim() ?? '';
  const machine = { cpu, cores: processors.length, arch: arch() };
  return { id: machineId(machine, process.versions.node), ...machine };
}

/** The id of a machine: processor, cores, architecture and Node's major version, in letters, digits and hyphens. */
export function machineId(machine: Omit<Machine, 'id'>, nodeVersion: string): string {
  const words = machine.cpu.toLowerCase().replace(FILLER, ' ');
  const slug = words.replace(/[^a-z0-9]+/g, '-').slice(0, MAX_CPU_CHARACTERS);
  const cpu = slug.replace(/^-+|-+$/g, '') || 'cpu';
  const [major = ''] = nodeVersion.split('.');
  return `${cpu}-${machine.cores}c-${machine.arch}-node${major}`;
}
