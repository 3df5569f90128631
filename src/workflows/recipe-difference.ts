/** Where two recipes, or two other pieces of plain data, differ. */

/** The first place, e.g. `training.steps`; undefined where they are the same. */
export function difference(a: unknown, b: unknown, path: readonly string[] = []): string | undefined {
  if (!isRecord(a) || !isRecord(b)) return JSON.stringify(a) === JSON.stringify(b) ? undefined : path.join('.');
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const found = difference(a[key], b[key], [...path, key]);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
