/** What one kind of child process can be asked, by name. */
export type Calls<C> = {
  readonly [Name in keyof C]: { readonly argument: unknown; readonly result: unknown };
};

export interface CallMessage {
  readonly kind: 'call';
  readonly id: number;
  readonly call: string;
  readonly argument: unknown;
}

/** Told in either direction without an answer. */
export interface NoticeMessage {
  readonly kind: 'notice';
  readonly notice: unknown;
}

export type ParentMessage = CallMessage | NoticeMessage | { readonly kind: 'exit' };

export type ChildMessage =
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly sentence: string }
  | NoticeMessage;
