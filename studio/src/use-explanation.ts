/** Asks for an explanation when what is asked changes, a moment after the last change. */

import { useEffect, useState } from 'preact/hooks';

import type { PageExplanation } from '../../src/serve/index.ts';
import { explain } from './api.ts';
import type { ExplainRequest } from './api.ts';

const PAUSE = 250;

/** What is known: the last explanation, and why there is no newer one. */
export interface Explained {
  readonly told: PageExplanation | undefined;
  readonly trouble: string | undefined;
  readonly busy: boolean;
}

/** The explanation of `request`; the one before stays until the next is there. */
export function useExplanation(request: ExplainRequest): Explained {
  const [state, setState] = useState<Explained>({ told: undefined, trouble: undefined, busy: true });
  const key = JSON.stringify(request);
  useEffect(() => {
    const controller = new AbortController();
    setState((before) => ({ ...before, busy: true }));
    const timer = setTimeout(() => {
      explain(request, controller.signal).then(
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
