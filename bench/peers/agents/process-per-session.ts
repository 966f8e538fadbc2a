import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { agentArguments } from './arguments.js';
import { keepOpen } from './keep-open.js';

/*
 * The shape of agents that start a child process for every session; here the child is a ws pipe in Node.
 */
const SESSION = fileURLToPath(new URL('./ws-pipe.js', import.meta.url));

const given = agentArguments();
const flags = given.all.filter((flag, index, all) => ![flag, all[index - 1]].includes('--sessions'));
keepOpen(given, async () => {
  const parameters = [SESSION, ...flags.filter((flag) => flag !== '--reopen')];
  // The input is a pipe: the child ends with it, should this process be killed.
  await once(spawn(process.execPath, parameters, { stdio: ['pipe', 'ignore', 'ignore'] }), 'exit');
});
