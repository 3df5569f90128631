/** The heads of a layer side by side; one is picked, to be looked at closely. */

import type { JSX } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';

import { habit, share } from './attention.ts';
import type { HeadMap } from './attention.ts';
import { AttentionMap } from './attention-map.tsx';

interface Props {
  readonly layer: number;
  readonly maps: readonly HeadMap[];
  readonly picked: number;
  readonly onPick: (head: number) => void;
}

/** The card. The heads are one stop of the Tab key; arrows move between them. */
export function AttentionHeads({ layer, maps, picked, onPick }: Props): JSX.Element {
  const [current, setCurrent] = useState(picked);
  const group = useRef<HTMLDivElement>(null);
  const habits = useMemo(() => maps.map(habit), [maps]);
  const reachable = Math.min(current, maps.length - 1);
  const focus = (head: number): void => {
    const to = Math.max(0, Math.min(maps.length - 1, head));
    setCurrent(to);
    group.current?.querySelectorAll<HTMLElement>('button')[to]?.focus();
  };
  return (
    <section class="card" aria-label="Heads">
      <div class="card-head">
        <h2>Heads of layer {layer + 1}</h2>
        <Scale />
      </div>
      <div
        class="attention-heads"
        role="group"
        aria-label="Heads. Move with the arrow keys; Enter picks one."
        ref={group}
        onKeyDown={(event) => {
          const moves: Readonly<Record<string, number>> = {
            ArrowLeft: reachable - 1,
            ArrowUp: reachable - 1,
            ArrowRight: reachable + 1,
            ArrowDown: reachable + 1,
            Home: 0,
            End: maps.length - 1,
          };
          const to = moves[event.key];
          if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
          event.preventDefault();
          focus(to);
        }}
      >
        {maps.map((map, head) => {
          const { where, share: amount } = habits[head] ?? { where: 'here and there', share: 0 };
          const told = where === 'here and there' ? where : `${where} ${share(amount)}`;
          const spoken = where === 'here and there' ? where : `at ${where}, ${share(amount)}`;
          return (
            <button
              key={head}
              type="button"
              class="attention-pick"
              tabIndex={head === reachable ? 0 : -1}
              aria-pressed={head === picked}
              aria-label={`Head ${head + 1}, looks ${spoken}`}
              onFocus={() => setCurrent(head)}
              onClick={() => onPick(head)}
            >
              <AttentionMap map={map} />
              <span class="attention-name">Head {head + 1}</span>
              <span class="attention-habit">{told}</span>
            </button>
          );
        })}
      </div>
      <p class="hint attention-help">
        Rows are the tokens as they are read, from top to bottom; columns are the tokens that are looked at, from left to right.
      </p>
    </section>
  );
}

/** What the colours mean: darkness is the square root of the weight. */
function Scale(): JSX.Element {
  return (
    <div class="attention-scale" role="img" aria-label="Colours: the more of the attention, the stronger; half as strong for a quarter">
      <span class="attention-ramp" />
      <span>0%</span>
      <span>25%</span>
      <span>100%</span>
    </div>
  );
}
