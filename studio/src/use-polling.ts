/** Asks again and again while the page is looked at. */

import { useEffect, useRef } from 'preact/hooks';

/** Calls `ask` at once, then `seconds` after each answer, as long as the page is visible and the component lives. */
export function usePolling(ask: () => Promise<void>, seconds: number): void {
  const latest = useRef(ask);
  latest.current = ask;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let live = true;
    const again = (): void => {
      clearTimeout(timer);
      if (!live || document.hidden) return;
      void latest.current().then(
        () => (timer = setTimeout(again, seconds * 1000)),
        () => (timer = setTimeout(again, seconds * 4000)),
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
