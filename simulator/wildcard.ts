/** A pattern in which `*` stands for any text. */
export function wildcard(pattern: string): RegExp {
  const escaped = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll(/\*+/g, '.*');
  return new RegExp(`^${escaped}$`, 's');
}
