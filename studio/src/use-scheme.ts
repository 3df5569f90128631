/** Light or dark, as the system has it at this moment. */

import { useEffect, useState } from 'preact/hooks';

/** `light` or `dark`; what is drawn in colours of the style sheet is to be drawn anew when it changes. */
export function useScheme(): string {
  const query = '(prefers-color-scheme: dark)';
  const [dark, setDark] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const follow = (): void => setDark(list.matches);
    list.addEventListener('change', follow);
    return () => list.removeEventListener('change', follow);
  }, []);
  return dark ? 'dark' : 'light';
}

/** The colour that a custom property of the style sheet holds at this moment. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
