/** Follows the metrics of one run. */

import { useEffect, useRef, useState } from 'preact/hooks';

import { fetchMetrics } from './api.ts';
import { EMPTY_CURVE, extendCurve } from './curve.ts';
import type { Curve } from './curve.ts';
import { usePolling } from './use-polling.ts';

const START = { offset: 0, version: '' };

/** The run's curve, growing while it trains; undefined until the first answer. */
export function useCurve(run: string): Curve | undefined {
  const [curve, setCurve] = useState<Curve>();
  const at = useRef(START);
  const reading = useRef(run);
  useEffect(() => {
    reading.current = run;
    at.current = START;
    setCurve(undefined);
  }, [run]);
  usePolling(async () => {
    for (let more = true; more;) {
      const asked = at.current;
      const chunk = await fetchMetrics(run, asked);
      if (reading.current !== run || at.current !== asked) return;
      at.current = { offset: chunk.offset, version: chunk.version };
      setCurve((before) => extendCurve(chunk.reset ? EMPTY_CURVE : (before ?? EMPTY_CURVE), chunk.records));
      more = chunk.more;
    }
  }, 1.5);
  return curve;
}
