/** What a command talks to: the process in production, arrays in tests. */
export interface CommandIo {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A stream of text for people or scripts. */
export interface TextSink {
  write(text: string): unknown;
  /** Width of the terminal in characters; undefined when it is none. */
  readonly columns?: number | undefined;
  /** Its height in lines; undefined when it is none. */
  readonly rows?: number | undefined;
  /** Whether it is a terminal. */
  readonly isTTY?: boolean | undefined;
}
