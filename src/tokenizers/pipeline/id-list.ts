/** A list of ids that grows. */

/** Ids so far. */
export interface IdList {
  push(id: number): void;
  append(ids: ArrayLike<number>): void;
  /** A copy of the ids; the list is empty then. */
  take(): Uint32Array;
}

/** Ids up to which the memory of one text is kept for the next. */
const KEPT = 1 << 18;

/** An empty list. */
export function createIdList(): IdList {
  let ids = new Uint32Array(256);
  let length = 0;
  const grow = (least: number): void => {
    const larger = new Uint32Array(Math.max(least, ids.length * 2));
    larger.set(ids);
    ids = larger;
  };
  return {
    push(id) {
      if (length === ids.length) grow(length + 1);
      ids[length++] = id;
    },
    append(more) {
      if (length + more.length > ids.length) grow(length + more.length);
      for (let index = 0; index < more.length; index++) ids[length++] = more[index] as number;
    },
    take() {
      const taken = ids.slice(0, length);
      length = 0;
      if (ids.length > KEPT) ids = new Uint32Array(256);
      return taken;
    },
  };
}
