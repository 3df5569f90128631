/**
 * Load on a server: this process is the clients, the server is another.
 *
 * `npx tsx bench/serve/all.ts --only streams`, or `prefix`, `health`, `clients`, `disconnects`, `lookup`
 */

export { clientLines } from './load/clients.ts';
export { disconnectLines } from './load/disconnects.ts';
export { healthLines } from './load/health.ts';
export { lookupLines } from './load/lookup.ts';
export { prefixLines } from './load/prefix.ts';
export { streamLines } from './load/streams.ts';
