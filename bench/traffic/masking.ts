import { createRequire } from 'node:module';

/** XORs `payload` in place with the four bytes of `key`, the first byte with the first. */
export type Unmask = (payload: Buffer, key: Buffer) => void;

/** bufferutil's native loop when it is installed (it is an optional dependency), else one in JavaScript. */
export const unmask: Unmask = native() ?? plainUnmask;

function native(): Unmask | undefined {
  try {
    const bufferutil = createRequire(import.meta.url)('bufferutil') as { readonly unmask: Unmask };
    return bufferutil.unmask;
  } catch {
    return undefined;
  }
}

function plainUnmask(payload: Buffer, key: Buffer): void {
  for (let at = 0; at < payload.length; at += 1) {
    payload[at] = (payload[at] as number) ^ (key[at & 3] as number);
  }
}
