/** Asks the server when what is asked changes, a moment after the last change. */

import { useEffect, useState } from 'preact/hooks';

const PAUSE = 250;

/** What is known: the last answer, and why there is no newer one. */
export interface Asked<T> {
  readonly told: T | undefined;
  readonly trouble: string | undefined;
  readonly busy: boolean;
}

/** The answer to `request`; the one before stays until the next is there. */
export function useAsked<R, T>(request: R, ask: (request: R, signal: AbortSignal) => Promise<T>): Asked<T> {
  const [state, setState] = useState<Asked<T>>({ told: undefined, trouble: undefined, busy: true });
  const key = JSON.stringify(request);
  useEffect(() => {
    const controller = new AbortController();
    setState((before) => ({ ...before, busy: true }));
    const timer = setTimeout(() => {
      ask(request, controller.signal).then(
        (told) => setState({ told, trouble: undefined, busy: false }),
        (error: unknown) => {
          if (!controller.signal.aborted) setState(({ told }) => ({ told, trouble: (error as Error).message, busy: false }));
        },
      );
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [key]);
  return state;
}
