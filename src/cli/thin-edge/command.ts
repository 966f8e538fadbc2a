import type { Command } from 'commander';
import { example } from '../example.js';
import type { Io } from '../terminal.js';
import type { ThinEdgeAction } from './thin-edge.js';

interface Flags {
  readonly configDir?: string;
  readonly child?: string[];
  readonly json?: true;
}

const ACTIONS: readonly (readonly [ThinEdgeAction, string])[] = [
  ['install', 'let thin-edge.io declare remote access and leave it to Gatehouse; what was there is kept'],
  [
    'remove',
    'take that back, for the children named or for all: the plug-in of thin-edge.io serves remote access again',
  ],
  ['status', 'say who serves remote access, for the gateway and the children named'],
];

/** Adds `gatehouse thin-edge install|remove|status`. */
export function addThinEdgeCommand(
  program: Command,
  io: Io,
  finish: (exitCode: Promise<number>) => Promise<void>,
): void {
  const command = program
    .command('thin-edge')
    .description('remote access on a gateway that thin-edge.io connects')
    .addHelpText('after', example('gatehouse thin-edge status', 'who serves remote access on this gateway?'));
  for (const [action, description] of ACTIONS) {
    command
      .command(action)
      .description(description)
      .option('--config-dir <dir>', 'configuration of thin-edge.io (TEDGE_CONFIG_DIR; default: /etc/tedge)')
      .option('--child <id...>', 'external ids of children that are served too')
      .option('--json', 'print the result as JSON')
      .addHelpText('after', `\nExample:\n  sudo gatehouse thin-edge ${action} --child plc-3`)
      .action(async ({ configDir, child, json }: Flags) => {
        const { thinEdge } = await import('./thin-edge.js');
        return finish(Promise.resolve(thinEdge(action, { configDir, child, json }, io)));
      });
  }
}
