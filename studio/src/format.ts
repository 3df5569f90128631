/** Numbers as people read them. */

const grouped = new Intl.NumberFormat('en');

/** 12,345 */
export function whole(value: number): string {
  return grouped.format(Math.round(value));
}

/** 1.23M, 45.6k, 789 */
export function compact(value: number): string {
  for (const [size, sign] of [
    [1e12, 'T'],
    [1e9, 'B'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (value >= size) return `${digits(value / size)}${sign}`;
  }
  return digits(value);
}

/** Three significant digits, without an exponent for ordinary sizes. */
export function digits(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 100) return whole(value);
  if (size < 0.001) return value.toExponential(1).replace('.0', '').replace('e-', 'e−');
  return value
    .toPrecision(3)
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '');
}

/** 4.2 MB */
export function bytes(value: number): string {
  for (const [size, unit] of [
    [1e9, 'GB'],
    [1e6, 'MB'],
    [1e3, 'kB'],
  ] as const) {
    if (value >= size) return `${digits(value / size)} ${unit}`;
  }
  return `${value} bytes`;
}

/** A probability from its logarithm: 98%, 3.1%, 0.02%, < 0.01% */
export function percent(logProbability: number): string {
  const value = Math.exp(logProbability) * 100;
  if (value >= 99.95) return '100%';
  if (value >= 10) return `${value.toFixed(0)}%`;
  if (value >= 1) return `${value.toFixed(1)}%`;
  if (value >= 0.01) return `${value.toFixed(2)}%`;
  return '< 0.01%';
}

/** 3 h 05 min, 4 min 12 s, 8.1 s */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const all = Math.round(seconds);
  if (all < 60) return `${all} s`;
  const minutes = Math.floor(all / 60);
  if (minutes < 60) return `${minutes} min ${String(all % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** just now, 12 s ago, 5 min ago, 3 h ago, 2 days ago */
export function ago(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds / 1000);
  if (seconds < 5) return 'just now';
  if (seconds < 90) return `${Math.round(seconds)} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} days ago`;
}

/** A token's text with its invisible characters shown. */
export function visible(piece: string): string {
  if (piece === '') return '(empty)';
  return piece
    .replaceAll('\n', '↵')
    .replaceAll('\t', '⇥')
    .replace(/[\u0000-\u001f]/g, (sign) => String.fromCharCode(0x2400 + sign.charCodeAt(0))) // Unicode's control pictures.
    .replace(/^ +| +$/g, (spaces) => '␣'.repeat(spaces.length));
}
