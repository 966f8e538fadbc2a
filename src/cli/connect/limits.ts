/*
 * Bounds of `gatehouse connect`. It runs on the computer of one person, so they guard against accidents more than
 * against enemies; the cloud's answers are bounded all the same.
 */

/** Local connections at once. A browser opens six to a host; each one is an operation in the cloud. */
export const MAX_CONNECTIONS = 256;

/** Longest time for one REST call, in ms. */
export const REST_MS = 30_000;

/** Longest time until a tunnel is up, in ms: the cloud may answer only when the device has joined (go-c8y-cli: 45 s). */
export const OPEN_TUNNEL_MS = 45_000;

/** Largest REST reply, in bytes. */
export const MAX_REPLY_BYTES = 4 * 1_048_576;

/** Largest WebSocket message from the cloud, in bytes; `limits.maxMessage` of the agent has the same default. */
export const MAX_MESSAGE_BYTES = 16 * 1_048_576;

/** Largest WebSocket message to the cloud, in bytes. Its maximum is undocumented; existing clients send 1 to 16 KiB. */
export const SEND_BYTES = 16_384;

/** Slices in which a received message is handed on, in bytes, so that progress of a slow reader can be seen. */
export const RECEIVE_SLICE_BYTES = 65_536;

/** Wait for more answer after the local client has ended its side, in ms since the last byte. */
export const LINGER_MS = 30_000;

/** Longest time that waiting bytes may make no progress once one side has ended, in ms. */
export const STALL_MS = 60_000;

/** Longest time the local client may keep its side open after ours has ended, in ms. */
export const LOCAL_END_MS = 10_000;

/** Longest wait for connections to end after the command was told to stop, in ms. */
export const STOP_MS = 5_000;

/** Silence before the first TCP keep-alive probe, in ms. No WebSocket pings: the client endpoint may close on them. */
export const TCP_KEEP_ALIVE_MS = 15_000;

/** Largest password or CA file, in bytes. */
export const MAX_PASSWORD_FILE_BYTES = 4_096;
export const MAX_CA_FILE_BYTES = 4 * 1_048_576;
