/** The variable by which Node stops verifying certificates, everywhere in the process. */
export const VERIFICATION_SWITCH = 'NODE_TLS_REJECT_UNAUTHORIZED';

/**
 * A sentence when the environment turns verification of certificates off: the credentials would go to whoever answers.
 * Ours are verified all the same, but whoever sets it expects something else. `where` is what names a root instead.
 */
export function verificationProblem(
  env: Readonly<Record<string, string | undefined>>,
  where: string,
): string | undefined {
  if (env[VERIFICATION_SWITCH] !== '0') return undefined;
  return `turns verification of certificates off; unset it and name the root to trust in ${where}`;
}
