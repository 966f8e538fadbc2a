import type { StatusUpdate } from './intake.js';

/* SmartREST 2.0 lines for `s/us`: static templates, one message per line, comma-separated fields. */

/** Type that the platform gives devices created over MQTT. */
const DEVICE_TYPE = 'c8y_MQTTDevice';

/** Creates the device of the connection; harmless when it exists. */
export function createDevice(name: string): string {
  return `100,${csvField(name)},${DEVICE_TYPE}`;
}

/** The status of one operation, by its id: 501–503 would hit the oldest one, which may be another session's. */
export function statusLine({ operationId, status, failureReason }: StatusUpdate): string {
  switch (status) {
    case 'EXECUTING':
      return `504,${csvField(operationId)}`;
    case 'FAILED':
      return `505,${csvField(operationId)},${csvField(failureReason ?? '')}`;
    case 'SUCCESSFUL':
      return `506,${csvField(operationId)}`;
  }
}

/**
 * One field. Control characters become spaces, so that no text can begin a second line; quotes are doubled, which
 * the platform takes as well as its own backslash form. Because it takes both, a backslash before a quote would move
 * the end of the field: it becomes a slash.
 */
export function csvField(text: string): string {
  const clean = text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').toWellFormed();
  if (!/[",]|^\s|\s$/u.test(clean)) return clean;
  const plain = clean.replace(/\\+(?="|$)/g, (backslashes) => '/'.repeat(backslashes.length));
  return `"${plain.replaceAll('"', '""')}"`;
}

/**
 * The fields of one line. A field in quotes holds commas; a quote in it is written `""` or `\"`, as RFC 4180 and the
 * platform do it. A backslash before anything else is a backslash.
 */
export function csvFields(line: string): string[] {
  const fields: string[] = [];
  const field = /\s*"((?:[^"\\]|""|\\"|\\(?!"))*)"\s*(?=,|$)|([^,]*)/y;
  for (;;) {
    const [, quoted, plain = ''] = field.exec(line) ?? [];
    fields.push(quoted === undefined ? plain : quoted.replace(/""|\\"/g, '"'));
    if (line[field.lastIndex] !== ',') return fields;
    field.lastIndex += 1;
  }
}
