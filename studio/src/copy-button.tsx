/** A button that copies a text, and says whether it did. */

import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** @param props.text - what to copy */
export function CopyButton({ text }: { readonly text: string }): JSX.Element {
  const [outcome, setOutcome] = useState<'Copied' | 'Not copied'>();
  useEffect(() => {
    if (outcome === undefined) return;
    const timer = setTimeout(() => setOutcome(undefined), 2000);
    return () => clearTimeout(timer);
  }, [outcome]);
  return (
    <button
      type="button"
      class="link"
      aria-live="polite"
      onClick={() => void copy(text).then((done) => setOutcome(done ? 'Copied' : 'Not copied'))}
    >
      {outcome ?? 'Copy'}
    </button>
  );
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text);
  }
}

/** The old way, for where the new one is missing or forbidden: pages that come by plain HTTP from another machine. */
function copySelected(text: string): boolean {
  const focused = document.activeElement;
  const box = document.createElement('textarea');
  box.className = 'unseen';
  box.value = text;
  document.body.append(box);
  box.select();
  // oxlint-disable-next-line typescript/no-deprecated -- there is no other way without a secure origin
  const done = document.execCommand('copy');
  box.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return done;
}
