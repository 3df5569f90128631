/** A head's attention as a picture: a row for each token that is read, a column for each that it may look at. */

import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

import { stencil } from './attention.ts';
import type { HeadMap } from './attention.ts';
import { colour, useScheme } from './use-scheme.ts';

/** A pixel a weight, which the style sheet enlarges: it says nothing by itself to those who listen. */
export function AttentionMap({ map }: { readonly map: HeadMap }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const scheme = useScheme();
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (context == null) return;
    const { size } = map;
    // The weights as a stencil, dyed; then the ground of what may be looked at, behind it.
    context.putImageData(new ImageData(stencil(map), size, size), 0, 0);
    context.globalCompositeOperation = 'source-in';
    context.fillStyle = colour('--indigo');
    context.fillRect(0, 0, size, size);
    context.globalCompositeOperation = 'destination-over';
    context.fillStyle = colour('--sunk');
    for (let row = 0; row < size; row++) context.fillRect(0, row, row + 1, 1);
    context.globalCompositeOperation = 'source-over';
  }, [map, scheme]);
  return <canvas ref={canvas} class="attention-map" width={map.size} height={map.size} aria-hidden="true" />;
}
