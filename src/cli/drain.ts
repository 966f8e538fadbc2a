import { AdminClient, adminCommand, type AdminCommandOptions } from './admin-client.js';
import type { CommandIo } from './command-io.js';

/** `gatehouse drain`: the agent takes no more sessions and exits when the last one ends. Gives the exit code. */
export function drain(options: AdminCommandOptions, io: CommandIo): Promise<number> {
  return adminCommand(io, async () => {
    await new AdminClient(options.target).ask('POST', '/api/drain');
    const text =
      options.json === true
        ? JSON.stringify({ draining: true })
        : 'The agent takes no new sessions and exits when the last one ends; "gatehouse sessions" shows them.';
    io.stdout.write(`${text}\n`);
  });
}
