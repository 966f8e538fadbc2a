/** What the file system says about who can get at a file. */
export interface Permissions {
  /** The permission bits. */
  readonly mode: number;
  /** User id of the owner. */
  readonly owner: number;
  /** Group id; without it, root's. */
  readonly group?: number;
}

const ROOT = 0;
const GROUP_READ = 0o040;
const GROUP_WRITE = 0o020;
const OTHERS = 0o007;
const OTHERS_WRITE = 0o002;

/**
 * Why a file with a secret in it is not safe, as the end of a sentence that begins with `a file that`; undefined when
 * it is. Its owner is the agent's user or root, and nobody else has access, but for one case: the group may read what
 * root owns. So a service reads `root:gatehouse 0640`, and systemd's credentials, whose access list shows as 0440; and
 * so root may use the service's configuration, for `gatehouse status`.
 *
 * @param self user id of the agent; undefined where there is none (Windows), and then nothing is judged.
 */
export function exposure(
  file: string,
  { mode, owner, group = ROOT }: Permissions,
  self: number | undefined = process.geteuid?.(),
): string | undefined {
  if (self === undefined) return undefined;
  // Root reads everybody's files, and has its reasons.
  if (owner !== ROOT && owner !== self && self !== ROOT)
    return `belongs to another user (id ${owner}); run: chown ${self} ${quoted(file)}`;
  const isForService = owner === ROOT && (self !== ROOT || group !== ROOT);
  const tooMuch = OTHERS | GROUP_WRITE | (isForService ? 0 : GROUP_READ);
  if ((mode & tooMuch) === 0) return undefined;
  const who = (mode & OTHERS) === 0 ? 'its group' : 'everybody on this machine';
  return `${who} has access to (mode ${octal(mode)}); run: chmod 600 ${quoted(file)}`;
}

/** The same for a file without a secret that decides what is trusted or permitted: nobody else may write it. */
export function tampering(file: string, { mode }: Permissions): string | undefined {
  if (process.geteuid === undefined || (mode & OTHERS_WRITE) === 0) return undefined;
  return `everybody on this machine can change (mode ${octal(mode)}); run: chmod o-w ${quoted(file)}`;
}

/** The sticky bit: whoever may write a folder may not take away what belongs to others. */
const STICKY = 0o1000;

/**
 * Whether anybody could have put something where it lies, as the end of a sentence that begins with a name: into a folder
 * that everybody may write anybody puts what they like. There it has to belong to the agent or root, and the folder has to
 * keep others from replacing it (`/tmp`).
 *
 * @param owner user id of what lies there.
 * @param folder the folder it lies in.
 */
export function planting(
  owner: number,
  folder: Permissions & { readonly path: string },
  self: number | undefined = process.geteuid?.(),
): string | undefined {
  if (self === undefined || (folder.mode & OTHERS_WRITE) === 0) return undefined;
  if ((folder.mode & STICKY) !== 0 && (owner === ROOT || owner === self)) return undefined;
  return `lies in ${folder.path}, where everybody on this machine may put things; run: chmod o-w ${quoted(folder.path)}`;
}

/**
 * Why a file that is to prove something could be forged, as a sentence without its end; undefined when it could not.
 * The file belongs to the agent's user or to root and nobody else may write it. Nor may everybody write its folder,
 * with the sticky bit or without: whoever is first there could put a file or a lock of his own in its place.
 *
 * @param self user id of the agent; undefined where there is none (Windows), and then nothing is judged.
 */
export function forgeable(
  file: string,
  { mode, owner }: Permissions,
  folder: string,
  { mode: folderMode }: Permissions,
  self: number | undefined = process.geteuid?.(),
): string | undefined {
  if (self === undefined) return undefined;
  if (owner !== self && owner !== ROOT)
    return `${file} belongs to another user (id ${owner}), neither to the agent (id ${self}) nor to root: move it away, chown ${self} ${quoted(file)}`;
  if ((mode & (GROUP_WRITE | OTHERS_WRITE)) !== 0)
    return `${file} can be written by others (mode ${octal(mode)}): chmod 0600 it`;
  if ((folderMode & OTHERS_WRITE) === 0) return undefined;
  return `the folder ${folder} of ${file} can be written by everybody (mode ${(folderMode & 0o7777).toString(8)}), who could put another log there: chmod o-w ${quoted(folder)}`;
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, '0');
}

/** A path for a shell. */
function quoted(file: string): string {
  return /^[\w./@:+-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`;
}
