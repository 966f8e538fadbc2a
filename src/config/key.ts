import type { z } from 'zod';

/** Everything that is known about one key: the loader, the messages and docs/configuration.md all read it from here. */
export interface KeySpec {
  /** From what stands in the file, or text from the environment, to the value. */
  readonly schema: z.ZodType;
  /** What it is for, in Markdown, for a table cell. */
  readonly meaning: string;
  /** Size, duration, URL …: what kind of value. */
  readonly unit: string;
  /** A value that is right, as YAML; in brackets it is advice instead. */
  readonly example: string;
  /** The default as it would be written; it goes through the schema like any other value. */
  readonly default?: unknown;
  /** What the documentation says about the default when that is computed, or when there is none. */
  readonly defaultText?: string;
  /** Environment variables, the first one that is set wins. */
  readonly environment?: readonly string[];
  /** There is no default, and nothing works without it. */
  readonly isRequired?: true;
  /** Printed nowhere; may also be given as `<key>File`. */
  readonly isSecret?: true;
  /** Repeated in no message, because people put a password there by mistake. */
  readonly isPrivate?: true;
  /** A path, relative to the folder of the file that names it (from elsewhere: to the working directory). */
  readonly isPath?: true;
  /** A change of it takes effect on SIGHUP; without this it needs a restart. */
  readonly reloads?: true;
}

/** Keeps the exact type of a key's specification, so that the type of its value follows from its schema. */
export function key<const S extends KeySpec>(spec: S): S {
  return spec;
}

/** The value of a key: never undefined when it has a default. */
export type ValueOf<S extends KeySpec> =
  S extends Readonly<Record<'default', unknown>> ? z.output<S['schema']> : z.output<S['schema']> | undefined;
