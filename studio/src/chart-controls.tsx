/** What sets how a chart is drawn: its axis, its scale, its smoothing. */

import type { JSX } from 'preact';

interface SegmentsProps<T extends string> {
  readonly name: string;
  readonly label: string;
  readonly options: readonly (readonly [value: T, text: string])[];
  readonly value: T;
  readonly onChange: (value: T) => void;
}

/** One of a few, side by side. */
export function Segments<T extends string>({ name, label, options, value, onChange }: SegmentsProps<T>): JSX.Element {
  return (
    <div class="segments" role="radiogroup" aria-label={label}>
      {options.map(([one, text]) => (
        <label key={one}>
          <input type="radio" name={name} checked={one === value} onChange={() => onChange(one)} />
          <span>{text}</span>
        </label>
      ))}
    </div>
  );
}

interface ScaleProps {
  readonly log: boolean;
  readonly onLog: (log: boolean) => void;
  /** Weight of what came before in the smoothed line, from 0 to 0.99. */
  readonly weight: number;
  readonly onWeight: (weight: number) => void;
}

/** The vertical scale and the smoothing. */
export function ScaleControls({ log, onLog, weight, onWeight }: ScaleProps): JSX.Element {
  return (
    <>
      <label class="check">
        <input type="checkbox" checked={log} onChange={(event) => onLog(event.currentTarget.checked)} /> Logarithmic
      </label>
      <label class="smoothing">
        Smoothing
        <input
          type="range"
          min={0}
          max={0.99}
          step={0.01}
          value={weight}
          style={{ '--at': `${(weight / 0.99) * 100}%` }}
          onInput={(event) => onWeight(Number(event.currentTarget.value))}
        />
      </label>
    </>
  );
}
