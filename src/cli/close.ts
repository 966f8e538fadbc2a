import { AdminClient, AdminClientError, adminCommand, type AdminCommandOptions } from './admin-client.js';
import { EXIT } from '../exit-codes.js';
import type { CommandIo } from './command-io.js';

export interface CloseOptions extends AdminCommandOptions {
  /** Id of the session, as `gatehouse sessions` shows it. */
  readonly id: string;
}

/** Ids that the agent gives out; anything else is a typing mistake and is not sent. */
const ID = /^[A-Za-z0-9._-]{1,64}$/;

/** `gatehouse close ID`: ends one session, returns once both of its sockets are gone. Gives the exit code. */
export function close(options: CloseOptions, io: CommandIo): Promise<number> {
  return adminCommand(io, async () => {
    if (!ID.test(options.id)) {
      throw new AdminClientError(EXIT.usage, 'ID must be a session id as "gatehouse sessions" shows it.');
    }
    await new AdminClient(options.target).ask('DELETE', `/api/sessions/${options.id}`);
    const text =
      options.json === true ? JSON.stringify({ closed: options.id }) : `Session ${options.id} is closed.`;
    io.stdout.write(`${text}\n`);
  });
}
