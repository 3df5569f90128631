/** Keeps the end of a text in view while it grows, unless one looks elsewhere. */

import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

const NEAR = 48; // CSS pixels.

/** @param end - an element behind the text; @param size - differs when the text has grown */
export function useFollowing(end: RefObject<HTMLElement | null>, size: number): void {
  const follows = useRef(true);
  useEffect(() => {
    const look = (): void => {
      const element = end.current;
      // What is hidden says nothing.
      if (element === null || element.offsetParent === null) return;
      const margin = Number.parseFloat(getComputedStyle(element).scrollMarginBottom);
      follows.current = element.getBoundingClientRect().bottom <= innerHeight - margin + NEAR;
    };
    addEventListener('scroll', look, { passive: true });
    return () => removeEventListener('scroll', look);
  }, []);
  useLayoutEffect(() => {
    if (size > 0 && follows.current) end.current?.scrollIntoView({ block: 'nearest' });
  }, [size]);
}
