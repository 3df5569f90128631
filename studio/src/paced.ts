/** Shows a state that changes quicker than is worth drawing: at once when it is urgent, else a few times a second. */

const SHOW_EVERY = 40; // Milliseconds.

/** What {@link paced} gives. */
export interface Paced<T> {
  /** Takes a new state; an urgent one is shown at once. */
  put(state: T, urgent: boolean): void;
  /** Shows nothing any more. */
  end(): void;
}

/** @param show - draws the latest state */
export function paced<T>(show: (state: T) => void): Paced<T> {
  let latest: T;
  let live = true;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const draw = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (live) show(latest);
  };
  return {
    put(state, urgent) {
      latest = state;
      if (urgent) draw();
      else timer ??= setTimeout(draw, SHOW_EVERY);
    },
    end() {
      live = false;
      clearTimeout(timer);
    },
  };
}
