/*
 * What the parent process and its generations say to each other over Node's IPC channel. The two may come from
 * different versions of this program (an upgrade starts a new generation below an old parent), so both ends check what
 * they get, and PROTOCOL rises whenever an old end could misread a new one.
 */

import type { ApprovalAnswer } from '../../contract/approval.js';
import type { RememberedOperation } from '../supervisor/operation-memory.js';
import type { Guest } from '../supervisor/session-registry.js';

/** Version of these messages. A parent refuses a generation that speaks another one: then a restart is needed. */
export const PROTOCOL = 1;

/** Where the admin listener is on TCP, with the real port: "any free one" shall stay the same from one to the next. */
export interface AdminPlace {
  readonly host: string;
  readonly port: number;
}

/**
 * What a generation in charge hands to the next one: operations that it has taken on, so that they are not started
 * again or taken for leftovers, and the sessions it keeps, so that limits go on counting them.
 */
export interface HandOver {
  readonly remembered: readonly RememberedOperation[];
  readonly guests: readonly Guest[];
}

/** What one generation may ask another one. */
export type Question =
  | { readonly kind: 'status' }
  | { readonly kind: 'sessions' }
  | { readonly kind: 'metrics' }
  /** What it keeps for the dashboard. */
  | { readonly kind: 'activity' }
  | { readonly kind: 'approvals' }
  | { readonly kind: 'answer-approval'; readonly approval: string; readonly answer: ApprovalAnswer }
  /** Take this share of limits.bandwidth, bytes a second; answered with what it wanted to move. */
  | { readonly kind: 'bandwidth'; readonly uplink: number; readonly downlink: number }
  | { readonly kind: 'close'; readonly sessionId: string };

/** From the parent to a generation. */
export type ParentMessage =
  /** After `loaded`: get ready, without touching what the generation in charge has. */
  | {
      readonly kind: 'prepare';
      readonly generation: number;
      /** Generations that are alive beside this one. */
      readonly elders: readonly number[];
      /** Overrides the configuration: the directory that the parent holds the lock of; null = in memory only. */
      readonly stateDirectory: string | null;
      /** Log in to the cloud to prove that it can be done. */
      readonly proveCloud: boolean;
    }
  /** Take the admin listener and the control connection; answered by `in-charge`. */
  | {
      readonly kind: 'take-over';
      readonly elders: readonly number[];
      /** Generations that were in charge, and have ended since the last take-over. */
      readonly ended: readonly number[];
      /** The generation before did not answer: it may hold its admin listener until it moves again. */
      readonly isOverdue: boolean;
      /** Where the admin listener was. */
      readonly admin?: AdminPlace | undefined;
      readonly handOver: HandOver;
    }
  /** What an elder said later than it was waited for. */
  | { readonly kind: 'adopt'; readonly handOver: HandOver }
  /** Give them up and take on nothing more; answered by `released`. */
  | { readonly kind: 'release' }
  /** Another generation is in charge: apply the configuration to the own sessions, end with the last of them. */
  | { readonly kind: 'retire' }
  /** End what is left: begin after `afterMs`, spread over `spreadMs`. */
  | { readonly kind: 'expire'; readonly afterMs: number; readonly spreadMs: number }
  | { readonly kind: 'drain' }
  | { readonly kind: 'stop' }
  /** Answer to `confirm`: whether this generation is still in charge. */
  | { readonly kind: 'confirmed'; readonly id: number; readonly inCharge: boolean }
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question }
  /** Answer to an `ask` of this generation; undefined when the other one is gone. */
  | { readonly kind: 'answer'; readonly id: number; readonly value?: unknown }
  /** A session of an elder has ended. */
  | { readonly kind: 'guest-gone'; readonly sessionId: string }
  | { readonly kind: 'elder-ended'; readonly generation: number; readonly sessions: readonly string[] }
  /** Another generation has news of one of its operations or of a reload, for the dashboard. */
  | { readonly kind: 'news'; readonly news: object }
  /** A line for the log, which only a generation can write. */
  | ({ readonly kind: 'note' } & Note);

export interface Note {
  readonly level: 'info' | 'warn' | 'error';
  readonly text: string;
  readonly fields: object;
  /** Of a reload that came to nothing: why, in sentences. */
  readonly problems?: readonly string[];
}

/** From a generation to the parent. */
export type GenerationMessage =
  /** The configuration is valid. */
  | { readonly kind: 'loaded'; readonly protocol: number; readonly stateDirectory: string | null }
  /** It ends; `sentences` say why, `exitCode` is what `gatehouse run` would give. */
  | { readonly kind: 'failed'; readonly exitCode: number; readonly sentences: readonly string[] }
  /** It has done all that it had to do; only the last lines of its log are to be written. */
  | { readonly kind: 'stopped'; readonly exitCode: number }
  | { readonly kind: 'ready' }
  | { readonly kind: 'in-charge'; readonly admin?: AdminPlace | undefined }
  | { readonly kind: 'released'; readonly handOver: HandOver }
  /** The control connection came up or went down. */
  | { readonly kind: 'link'; readonly connected: boolean }
  /** Am I still in charge? */
  | { readonly kind: 'confirm'; readonly id: number }
  /** Somebody asked this generation for a drain of the whole agent. */
  | { readonly kind: 'drain-asked' }
  | { readonly kind: 'session-ended'; readonly sessionId: string }
  /** For all other generations. */
  | { readonly kind: 'news'; readonly news: object }
  | {
      readonly kind: 'ask';
      readonly id: number;
      readonly generation: number;
      readonly question: Question;
    }
  | { readonly kind: 'answer'; readonly id: number; readonly value?: unknown };

type Fields = Readonly<Record<string, unknown>>;

const isNumber = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isRate = (value: unknown): boolean => Number.isFinite(value) && Number(value) >= 0;
const isText = (value: unknown): value is string => typeof value === 'string';
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean';
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const isListOf = (value: unknown, isItem: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(isItem);
const isNothing = (): boolean => true;

const PARENT_MESSAGES: Readonly<Record<ParentMessage['kind'], (message: Fields) => boolean>> = {
  prepare: ({ generation, elders, stateDirectory, proveCloud }) =>
    isNumber(generation) &&
    isListOf(elders, isNumber) &&
    (stateDirectory === null || isText(stateDirectory)) &&
    isFlag(proveCloud),
  'take-over': ({ elders, ended, isOverdue, admin, handOver }) =>
    isFlag(isOverdue) &&
    isListOf(elders, isNumber) &&
    isListOf(ended, isNumber) &&
    isAdminPlace(admin) &&
    isHandOver(handOver),
  adopt: ({ handOver }) => isHandOver(handOver),
  release: isNothing,
  retire: isNothing,
  expire: ({ afterMs, spreadMs }) => isNumber(afterMs) && isNumber(spreadMs),
  drain: isNothing,
  stop: isNothing,
  confirmed: ({ id, inCharge }) => isNumber(id) && isFlag(inCharge),
  ask: ({ id, question }) => isNumber(id) && isQuestion(question),
  answer: ({ id }) => isNumber(id),
  'guest-gone': ({ sessionId }) => isText(sessionId),
  'elder-ended': ({ generation, sessions }) => isNumber(generation) && isListOf(sessions, isText),
  news: ({ news }) => isFields(news),
  note: ({ level, text, fields, problems = [] }) =>
    isText(level) &&
    ['info', 'warn', 'error'].includes(level) &&
    isText(text) &&
    isFields(fields) &&
    isListOf(problems, isText),
};

const GENERATION_MESSAGES: Readonly<Record<GenerationMessage['kind'], (message: Fields) => boolean>> = {
  loaded: ({ protocol, stateDirectory }) =>
    isNumber(protocol) && (stateDirectory === null || isText(stateDirectory)),
  failed: ({ exitCode, sentences }) => isNumber(exitCode) && isListOf(sentences, isText),
  ready: isNothing,
  'in-charge': ({ admin }) => isAdminPlace(admin),
  released: ({ handOver }) => isHandOver(handOver),
  link: ({ connected }) => isFlag(connected),
  confirm: ({ id }) => isNumber(id),
  'drain-asked': isNothing,
  stopped: ({ exitCode }) => isNumber(exitCode),
  'session-ended': ({ sessionId }) => isText(sessionId),
  news: ({ news }) => isFields(news),
  ask: ({ id, generation, question }) => isNumber(id) && isNumber(generation) && isQuestion(question),
  answer: ({ id }) => isNumber(id),
};

/** The message, or undefined for anything that this version does not know. */
export function parentMessage(value: unknown): ParentMessage | undefined {
  return isKnown(PARENT_MESSAGES, value) ? (value as ParentMessage) : undefined;
}

/** The message, or undefined for anything that this version does not know. */
export function generationMessage(value: unknown): GenerationMessage | undefined {
  return isKnown(GENERATION_MESSAGES, value) ? (value as GenerationMessage) : undefined;
}

function isKnown(known: Readonly<Record<string, (message: Fields) => boolean>>, value: unknown): boolean {
  if (!isFields(value) || !isText(value.kind) || !Object.hasOwn(known, value.kind)) return false;
  return known[value.kind]?.(value) === true;
}

function isQuestion(value: unknown): boolean {
  if (!isFields(value)) return false;
  if (value.kind === 'close') return isText(value.sessionId);
  if (value.kind === 'bandwidth') return isRate(value.uplink) && isRate(value.downlink);
  if (value.kind === 'answer-approval') return isText(value.approval) && isApprovalAnswer(value.answer);
  return (
    value.kind === 'status' ||
    value.kind === 'sessions' ||
    value.kind === 'metrics' ||
    value.kind === 'activity' ||
    value.kind === 'approvals'
  );
}

function isApprovalAnswer(value: unknown): boolean {
  if (!isFields(value)) return false;
  return (value.verdict === 'approve' || value.verdict === 'deny') && isText(value.by) && isText(value.way);
}

function isHandOver(value: unknown): boolean {
  if (!isFields(value)) return false;
  const { remembered, guests } = value;
  return isListOf(remembered, isRemembered) && isListOf(guests, isGuest);
}

function isAdminPlace(value: unknown): boolean {
  return value === undefined || (isFields(value) && isText(value.host) && isNumber(value.port));
}

function isRemembered(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [operationId, keyHash] = value as unknown[];
  return isText(operationId) && (keyHash === null || isText(keyHash));
}

function isGuest(value: unknown): boolean {
  if (!isFields(value)) return false;
  const { id, conduit, addresses, port, operationId, sinceMs, isExclusive } = value;
  const isKnown = isText(id) && isText(conduit) && isListOf(addresses, isText) && isNumber(port);
  // Versions before these were told do not send them.
  const isMore =
    (operationId === undefined || isText(operationId)) &&
    (sinceMs === undefined || typeof sinceMs === 'number') &&
    (isExclusive === undefined || isFlag(isExclusive));
  return isKnown && isMore;
}
