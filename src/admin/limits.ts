/*
 * Bounds of the admin listener. It serves a few people and one scraper, so they are small; together they keep what a
 * hostile local program can hold below some megabytes.
 */

/** Open connections; more are closed at once. A browser opens six, a scraper one. */
export const MAX_CONNECTIONS = 32;

/** Longest time for the header of a request, and for the first byte on a new connection, in ms. */
export const HEADERS_MS = 5_000;

/** Longest time for a whole request, in ms. */
export const REQUEST_MS = 10_000;

/** Longest time that a connection may be silent, between requests or while it takes an answer, in ms. */
export const IDLE_MS = 30_000;

/** How often Node looks for requests that are over their time, in ms. Its default of 30 s would make 5 s up to 35 s. */
export const CHECK_INTERVAL_MS = 1_000;

/** Requests on one connection before it is closed: keep-alive does not last for ever. */
export const MAX_REQUESTS_PER_CONNECTION = 1_000;

/** Largest request header, in bytes; Node's own default, stated so that it stays. */
export const MAX_HEADER_BYTES = 16_384;

/** Largest request target, in characters. The longest route with an id is below 100. */
export const MAX_URL_LENGTH = 2_048;

/** Largest request body, in bytes. No request needs more than `{}`. */
export const MAX_BODY_BYTES = 65_536;

/** Longest wait for a closed session's sockets to be gone, in ms: FLUSH_MS + CLOSE_HANDSHAKE_MS and some room. */
export const CLOSE_SESSION_MS = 20_000;

/** Answers of /metrics and of /api/sessions under way, each. With 10,000 sessions one is about 3 MB. */
export const MAX_BIG_ANSWERS = 10;

/** Age up to which the text of /metrics is used again, in ms. */
export const METRICS_CACHE_MS = 1_000;

/** Dashboards that are told of changes at a time. Each keeps a connection; the others are for people and scrapers. */
export const MAX_SUBSCRIBERS = 8;

/** How often they are told, in ms: a person follows no more, and however much happens it is one message. */
export const EVENT_INTERVAL_MS = 1_000;

/**
 * Bytes that may wait for one dashboard before it is dropped: the first message of 10,000 sessions is about 4 MB. One that
 * is dropped comes back for a new first message when it can read again.
 */
export const MAX_EVENT_BACKLOG_BYTES = 8 * 1_048_576;

/** Wrong tokens from one address within TOKEN_WINDOW_MS after which it gets 429. */
export const MAX_WRONG_TOKENS = 10;
export const TOKEN_WINDOW_MS = 60_000;

/** Addresses whose wrong tokens are counted; the oldest goes first. */
export const MAX_TOKEN_ADDRESSES = 1_024;

/** Session ids as they may stand in a path. */
export const SESSION_ID = /^[A-Za-z0-9._-]{1,64}$/;
