/** The mark of Weft: three weft threads in three natural dyes (indigo, weld, madder), over and under three of the warp. */

import type { JSX } from 'preact';

/** @param props.size - width and height in CSS pixels */
export function Mark({ size = 28 }: { readonly size?: number }): JSX.Element {
  return (
    <svg
      class="mark"
      width={size}
      height={size}
      viewBox="0 0 32 32"
      fill="none"
      stroke-width="3.6"
      stroke-linecap="round"
      aria-hidden="true"
    >
      <path class="warp" d="M8 3v26M16 3v26M24 3v26" />
      <path class="indigo" d="M3 9h26" />
      <path class="weld" d="M3 16h26" />
      <path class="madder" d="M3 23h26" />
      <path class="warp" stroke-linecap="butt" d="M8 5.6v6.800M24 5.6v6.800M16 12.600v6.800M8 19.600v6.800M24 19.600v6.800" />
    </svg>
  );
}
