import { RawDocument } from '../../src/cloud/json-envelope.js';
import { parseNotification, parseOperation } from '../../src/cloud/operation.js';
import type { MicroBench } from './harness/micro-bench.js';

const DOCUMENT = {
  id: '90018',
  deviceId: '40512',
  status: 'PENDING',
  creationTime: '2026-11-03T08:15:42.118Z',
  description: "Opening remote access tunnel to 'packaging-hmi'",
  c8y_RemoteAccessConnect: {
    hostname: '10.7.3.31',
    port: 5900,
    connectionKey: '77c20b8f-3a52-4f0c-9a35-5d3c1e7f9b10',
  },
};

/** All three fields are bad, so that each is named in the refusal. */
const BAD_DOCUMENT = {
  ...DOCUMENT,
  c8y_RemoteAccessConnect: { hostname: 'plc 1', port: 70_000, connectionKey: '../..' },
};

/** What an operation costs from the bytes that came in to what it asks for. */
export function operationBenches(): readonly MicroBench[] {
  const good = Buffer.from(JSON.stringify(DOCUMENT));
  const bad = Buffer.from(JSON.stringify(BAD_DOCUMENT));
  return [
    parsing('operation parsed, REST', () => parseOperation(new RawDocument(good)), 'connect'),
    parsing('operation parsed, MQTT', () => parseNotification(good)[0], 'connect'),
    parsing('operation refused', () => parseOperation(new RawDocument(bad)), 'refused'),
  ];
}

type Parsed = ReturnType<typeof parseOperation>;

function parsing(name: string, run: () => Parsed | undefined, kind: Parsed['kind']): MicroBench {
  return {
    name,
    prepare: () => {
      const got = run()?.kind;
      if (got !== kind) throw new Error(`the document should be ${kind}, and is ${String(got)}`);
      return { run };
    },
  };
}
