/** A value of JSON as TypeScript writes it: names without quotes, texts in single ones, short things on a line. */

const WIDTH = 72; // Characters of what stays on a line.

/** The source; its lines after the first begin with `indent`. */
export function literal(value: unknown, indent = ''): string {
  if (typeof value === 'string') return text(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const deeper = `${indent}  `;
  const parts = (inner: string): readonly string[] =>
    Array.isArray(value)
      ? value.map((one: unknown) => literal(one, inner))
      : Object.entries(value).map(([name, one]) => `${key(name)}: ${literal(one, inner)}`);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  const flat = parts(deeper);
  if (flat.length === 0) return open + close;
  const space = Array.isArray(value) ? '' : ' ';
  const line = open + space + flat.join(', ') + space + close;
  if (line.length <= WIDTH && !line.includes('\n')) return line;
  return `${open}\n${flat.map((part) => `${deeper}${part},\n`).join('')}${indent}${close}`;
}

function text(value: string): string {
  const inner = JSON.stringify(value)
    .slice(1, -1)
    .replace(/\\.|'/g, (sign) => (sign === String.raw`\"` ? '"' : sign === "'" ? String.raw`\'` : sign));
  return `'${inner}'`;
}

function key(name: string): string {
  if (name === '__proto__') return `['__proto__']`; // Else it would be set as the prototype.
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : text(name);
}
