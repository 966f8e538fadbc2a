/*
 * Loaded before the agent (node --import): it ends with the generator, even when that was killed and could not say so.
 * The agent itself knows nothing of it.
 */
if (process.channel !== undefined) {
  process.once('disconnect', () => process.exit(1));
  // Listening would otherwise keep the process alive.
  process.channel.unref();
}
