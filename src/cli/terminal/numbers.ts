/** Numbers as people read them. English, whatever the machine's locale, so that output is the same everywhere. */

const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const COMPACT = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });
const BYTE_UNITS = ['kB', 'MB', 'GB', 'TB'] as const;

/** `1234567` -> `1,234,567`. */
export function whole(value: number): string {
  return WHOLE.format(value);
}

/** `1, 'token'` -> `1 token`; `2, 'token'` -> `2 tokens`. */
export function counted(value: number, thing: string): string {
  return `${whole(value)} ${thing}${value === 1 ? '' : 's'}`;
}

/** `1234567` -> `1.2M`; whole below ten thousand: `9,999`. */
export function compact(value: number): string {
  return Math.abs(value) < 10_000 ? whole(value) : COMPACT.format(value).replace('K', 'k');
}

/** `5123456` -> `5.1 MB`, in powers of 1000. */
export function byteSize(bytes: number): string {
  if (bytes < 1000) return `${whole(bytes)} B`;
  let value = bytes;
  let unit = -1;
  do {
    value /= 1000;
    unit++;
  } while (value >= 999.95 && unit < BYTE_UNITS.length - 1);
  return `${value < 99.95 ? value.toFixed(1) : value.toFixed(0)} ${BYTE_UNITS[unit] ?? ''}`;
}

/** Seconds as `0.4 s`, `1:58` or `2:03:20`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  return clock(seconds);
}

/** Seconds as `0:07`, `1:58` or `2:03:20`. */
export function clock(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const tail = `${hours > 0 ? String(minutes).padStart(2, '0') : minutes}:${String(rest).padStart(2, '0')}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}

/** A learning rate or another small number: `9.8e-4`. */
export function small(value: number): string {
  return value === 0 ? '0' : value.toExponential(1);
}
