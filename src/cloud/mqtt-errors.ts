/** Lines of one message that are looked at; the platform sends one each. */
const MAX_LINES = 20;

/**
 * What may be a key or a token: a long run of their characters. The broker's own texts have none, but whoever speaks in
 * its place may send what it likes, and a secret that is cut off is not known by its value any more.
 */
const SECRET_LIKE = /[A-Za-z0-9._~+/=-]{20,}/g;

/** Longest part of a line that is shown, in characters. */
const MAX_SHOWN = 160;

/**
 * The lines of a message on the broker's error topic, `<code>,<template>,<text>`, each fit for a log: shortened, and
 * without anything but printable ASCII. They name no operation, so nothing is ever done because of them.
 */
export function errorLines(payload: Uint8Array): string[] {
  const text = Buffer.from(payload.subarray(0, MAX_LINES * MAX_SHOWN * 4)).toString('utf8');
  return text
    .split(/\r\n|\r|\n/, MAX_LINES)
    .map((line) =>
      line
        .replace(/[^\x20-\x7e]/g, '?')
        .replace(SECRET_LIKE, '[hidden]')
        .slice(0, MAX_SHOWN),
    )
    .filter((line) => line.trim() !== '');
}
