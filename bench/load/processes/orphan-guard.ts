/*
 * Loaded before the agent (node --import): it ends with the generator, even when that was killed and could not say so.
 * The agent itself knows nothing of it.
 */
if (process.channel !== undefined) {
  process.once('disconnect', () => process.exit(1));
  // Listening would otherwise keep the process alive.
  process.channel.unref();
  // Processes that the agent forks inherit these flags, and have the agent to watch over them.
  const at = process.execArgv.indexOf('--import');
  if (at !== -1) process.execArgv.splice(at, 2);
}
