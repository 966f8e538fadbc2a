/*
 * Bounds that are not configuration. Each has its unit in its name and its reason beside it.
 */

/** Connection keys that may go into a URL. UUIDs in every sample; never only dots (`..` would climb the path). */
export const CONNECTION_KEY = /^(?!\.+$)[A-Za-z0-9._~-]{8,128}$/;

/** Operation and device ids go into URLs and SmartREST lines. */
export const CLOUD_ID = /^[0-9]{1,20}$/;

/** Addresses of one name that are dialled. Sixteen cover every real name and bound what a hostile DNS can cost. */
export const MAX_ADDRESSES = 16;

/** Head start of one address before the next is tried beside it, in ms (RFC 8305 section 5 recommends 250). */
export const ADDRESS_STAGGER_MS = 250;

/**
 * Handshakes with the cloud that one thread has under way; further sessions wait for their turn. At 300 ms each 64 are
 * some 200 sessions a second, and a slow processor still gets through 64 TLS handshakes well within a connect timeout.
 */
export const MAX_HANDSHAKES = 64;

/** Longest wait for that turn, in ms: by then the user's side has given up (clients wait 30 to 45 s in all). */
export const HANDSHAKE_TURN_MS = 20_000;

/**
 * Sessions that may be connecting at a time, in all; more are refused at once instead of late. A small gateway brings up a
 * hundred a second, so that these are up within the longest wait for a turn.
 */
export const MAX_CONNECTING_SESSIONS = 2_000;

/** Requests of one generation that wait for approval on site; more are refused: nobody can look at as many. */
export const MAX_WAITING_APPROVALS = 100;

/** Answered and ended requests that are remembered, so that a second answer is told who was first. */
export const MAX_SETTLED_APPROVALS = 1_000;

/** How long a session that the plant's switch ends may take to say so to both sides before it is cut, in ms. */
export const SWITCH_OFF_MS = 200;

/** TCP keep-alive on both sockets, in ms of silence before the first probe. Ten probes a second apart follow. */
export const TCP_KEEP_ALIVE_MS = 15_000;

/**
 * Appended to the cipher list of every TLS connection to the cloud: at least 112 bits of security (OpenSSL's level 2), so
 * RSA keys below 2,048 bits and SHA-1 signatures are refused. OpenSSL before 3.2, and so Node 20 and 22, would take them.
 */
export const TLS_SECURITY_LEVEL = '@SECLEVEL=2';

/** Longest wait for the cloud's close frame after ours, in ms. */
export const CLOSE_HANDSHAKE_MS = 5_000;

/** Longest time what is left may take to reach a side after the other one ended, in ms. */
export const FLUSH_MS = 10_000;

/** Longest time in which not one write of waiting bytes completes, in ms. */
export const STALL_MS = 60_000;

/** Pings answered before they count as a flood: the sum over PING_FLOOD_WINDOW_MS. Honest peers send one in 10 s. */
export const PING_FLOOD_LIMIT = 1_000;
export const PING_FLOOD_WINDOW_MS = 10_000;

/** Bytes of an HTTP error reply that are read before the socket is destroyed; the body is never logged. */
export const MAX_ERROR_BODY_BYTES = 4_096;

/** Bytes of one JSON document from the cloud that are read; a page of 2,000 operations stays below. */
export const MAX_REPLY_BYTES = 1_048_576 * 4;

/** Back-off of every reconnect: full jitter from the first value, doubled up to the second, in ms. */
export const BACKOFF_BASE_MS = 1_000;
export const BACKOFF_CAP_MS = 60_000;

/** A link must have been up this long before its back-off starts from the beginning again, in ms. */
export const BACKOFF_RESET_MS = 60_000;

/** Operation ids and keys remembered against double starts. 100,000 is a day at more than one a second. */
export const MAX_REMEMBERED_OPERATIONS = 100_000;

/** Operations whose status the cloud does not have yet; beyond it new operations are refused. */
export const MAX_OUTBOX_OPERATIONS = 10_000;

/** Events that wait for the cloud; beyond it the oldest is lost. 1.5 KB each, 15 MB in all. */
export const MAX_OUTBOX_EVENTS = 10_000;

/** Sweep of PENDING operations while the link is up, in ms: heals any notification that was lost. */
export const SWEEP_INTERVAL_MS = 60_000;

/** Longest time from SIGTERM to exit, in ms. */
export const SHUTDOWN_MS = 10_000;

/** How long an operation that is done with stays remembered in the journal, in ms. The age limit fails it after that. */
export const REMEMBERED_MS = 24 * 3_600_000;

/** Longest wait for the journal's disk before an operation is refused for it, in ms. Users wait 30 to 45 s in all. */
export const JOURNAL_WAIT_MS = 5_000;

/** Largest record of a journal, in bytes: the texts of an event have 2,500 bytes at most, which may double in JSON. */
export const MAX_JOURNAL_RECORD_BYTES = 8_192;

/** Largest line of the audit log, in bytes: 16 addresses, a sentence of 500 bytes that may double in JSON, names. */
export const MAX_AUDIT_RECORD_BYTES = 8_192;

/** Facts that wait for the audit log's disk; beyond it the oldest is lost, and the log says how many were. */
export const MAX_AUDIT_BACKLOG = 10_000;

/** Size of one file of the audit log, in bytes: some 35,000 records, read through in half a second at a start. */
export const MAX_AUDIT_FILE_BYTES = 1_048_576 * 16;

/** How often a worker says that its event loop turns, in ms. */
export const HEARTBEAT_MS = 100;

/** Longest silence of a worker before it is ended and replaced, in ms: no turn of a loop that serves sessions takes this long. */
export const WORKER_STALL_MS = 1_500;

/** How often the workers' shares of `limits.bandwidth` follow what they need, in ms. */
export const DEMAND_MS = 100;

/** Sessions that one worker names when it is asked who holds most: far more than are ended at a time. */
export const MAX_WEIGHED_SESSIONS = 64;
