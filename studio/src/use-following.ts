/** Keeps the end of a text in view while it grows, unless one looks elsewhere. */

import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

const NEAR = 48; // CSS pixels.

/**
 * @param end - an element behind the text
 * @param text - its `size`, which grows, and whether it is `growing`: what begins to grow is looked at
 */
export function useFollowing(
  end: RefObject<HTMLElement | null>,
  { size, growing }: { readonly size: number; readonly growing: boolean },
): void {
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
    if (growing) follows.current = true;
  }, [growing]);
  useLayoutEffect(() => {
    if (size > 0 && follows.current) end.current?.scrollIntoView({ block: 'nearest' });
  }, [size, growing]);
}
