import type { CallMessage, Calls, ChildMessage, ParentMessage } from './messages.js';

/** What a child answers, by the name of the call. */
export type Handlers<C extends Calls<C>> = {
  readonly [Name in keyof C]: (
    argument: C[Name]['argument'],
  ) => C[Name]['result'] | Promise<C[Name]['result']>;
};

export interface ChildSideOptions<C extends Calls<C>> {
  readonly calls: Handlers<C>;
  /** Takes what the parent tells without wanting an answer. */
  readonly onNotice?: (notice: unknown) => void;
}

/**
 * Serves the process that forked this one, until it says `exit` or is gone. Ctrl-C reaches the parent alone, because
 * children have process groups of their own. Gives a function that tells the parent something.
 */
export function serveParent<C extends Calls<C>>({
  calls,
  onNotice,
}: ChildSideOptions<C>): (notice: unknown) => void {
  const send = (message: ChildMessage): void => {
    if (process.connected) process.send?.(message);
  };
  const answer = async ({ id, call, argument }: CallMessage): Promise<void> => {
    try {
      const result = await calls[call as keyof C](argument);
      send({ kind: 'result', id, result });
    } catch (error) {
      send({ kind: 'failed', id, sentence: error instanceof Error ? error.message : String(error) });
    }
  };
  process.on('message', (message: ParentMessage) => {
    if (message.kind === 'call') void answer(message);
    else if (message.kind === 'notice') onNotice?.(message.notice);
    else process.exit(0);
  });
  process.on('disconnect', () => process.exit(1));
  return (notice) => send({ kind: 'notice', notice });
}
