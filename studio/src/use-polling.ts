/** Asks again and again while the page is looked at. */

import { useEffect, useRef } from 'preact/hooks';

/** Calls `ask` at once, then `seconds` after each answer, as long as the page is visible and the component lives. */
export function usePolling(ask: () => Promise<void>, seconds: number): void {
  const latest = useRef(ask);
  latest.current = ask;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let live = true;
    let asking = false;
    const again = (): void => {
      clearTimeout(timer);
      if (!live || document.hidden || asking) return;
      asking = true;
      const rest = (pause: number): void => {
        asking = false;
        if (live) timer = setTimeout(again, pause);
      };
      void latest.current().then(
        () => rest(seconds * 1000),
        () => rest(seconds * 4000),
      );
    };
    again();
    document.addEventListener('visibilitychange', again);
    return () => {
      live = false;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', again);
    };
  }, [seconds]);
}
