/** Examples: a command line and what it is for, in turn. The comment stands above, so that the line can be copied. */
export function example(...pairs: readonly string[]): string {
  const lines = pairs.flatMap((text, index) =>
    index % 2 === 0 ? [`  # ${pairs[index + 1] ?? ''}`, `  ${text}`] : [],
  );
  return `\nExample${pairs.length > 2 ? 's' : ''}:\n${lines.join('\n')}`;
}
