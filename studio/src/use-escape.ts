/** The Escape key, wherever the focus is. */

import { useEffect, useRef } from 'preact/hooks';

/** Calls `act` while `on`, unless something nearer took the key for itself. */
export function useEscape(on: boolean, act: () => void): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    if (!on) return;
    const hear = (event: KeyboardEvent): void => {
      if (event.key === 'Escape' && !event.defaultPrevented) latest.current();
    };
    document.addEventListener('keydown', hear);
    return () => document.removeEventListener('keydown', hear);
  }, [on]);
}
