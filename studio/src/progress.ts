/** How far a generation is, whichever way it was asked for. */

/** See the file's head. */
export interface Progress {
  readonly phase: 'idle' | 'waiting' | 'running' | 'done' | 'stopped' | 'failed';
  /** Its text; what was there before it is not of it. */
  readonly text: string;
  /** Its tokens. */
  readonly count: number;
  readonly reason: 'stop' | 'length' | undefined;
  /** Seconds to the first token, and from it to the last. */
  readonly times: { readonly first: number; readonly rest: number } | undefined;
}

/** Whether it is under way. */
export function isBusy({ phase }: Pick<Progress, 'phase'>): boolean {
  return phase === 'waiting' || phase === 'running';
}
