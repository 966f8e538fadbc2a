import { fileURLToPath } from 'node:url';
import { configurationSchemaText } from '../config/json-schema.js';
import { EXIT } from '../exit-codes.js';
import type { ExitCode } from '../exit-codes.js';
import type { Io } from './terminal.js';

/** The schema as it was published with this program; the first line of a configuration can name it. */
export const SCHEMA_FILE = fileURLToPath(new URL('../../../schema/gatehouse.schema.json', import.meta.url));

/** `gatehouse schema`: prints the JSON Schema of the configuration. */
export function schema(io: Pick<Io, 'stdout'>): ExitCode {
  io.stdout.write(configurationSchemaText());
  return EXIT.done;
}
