/** What one switch says. Only `on` lets sessions be; `why` is the rest of a sentence that begins with its name. */
export type SwitchReading = { readonly isOn: true } | { readonly isOn: false; readonly why: string };

/** Largest content of a switch, in bytes: a word and a line break. */
export const MAX_SWITCH_BYTES = 32;

const ON: readonly string[] = ['on', '1', 'true'];
const OFF: readonly string[] = ['off', '0', 'false'];

export const IS_ON: SwitchReading = { isOn: true };

/** What `content` means: `on`, `1` or `true`, in any case and with blanks around it, is on; all else is off. */
export function readingOf(content: Uint8Array): SwitchReading {
  if (content.length > MAX_SWITCH_BYTES)
    return off(`holds more than ${MAX_SWITCH_BYTES} bytes, which is neither on nor off`);
  const word = Buffer.from(content).toString('latin1').trim().toLowerCase();
  if (ON.includes(word)) return IS_ON;
  if (OFF.includes(word)) return off('says off');
  return off(word === '' ? 'is empty' : 'holds something that is neither on nor off');
}

export function off(why: string): SwitchReading {
  return { isOn: false, why };
}
