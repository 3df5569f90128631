/** The rules of the house as one pure function: sources in, violations out. */

import { posix } from 'node:path';

import { type ModuleFacts, moduleFacts } from './module-facts.ts';
import { PACKAGES, PURE_ROOMS, ROOMS } from './rooms.ts';

/** What breaks a rule of the house, one line each: `path: what and why`. `path`s are relative to the root, with `/`. */
export function violations(files: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  for (const [path, source] of files) {
    const report = (text: string): void => void found.push(`${path}: ${text}`);
    const facts = moduleFacts(path, source);
    checkFile(path, facts, report);
    if (path.startsWith('src/')) checkSource(path, facts, report);
    else if (path.startsWith('studio/')) checkStudio(path, facts, report);
    else if (path.startsWith('examples/')) checkExample(facts, report);
  }
  return found;
}

type Report = (text: string) => void;

const TEST = /\.(?:test|fixture)\.tsx?$/;

function checkFile(path: string, facts: ModuleFacts, report: Report): void {
  const name = posix.basename(path);
  if (facts.exportsAll) report('`export *` hides what a door shows; name each export');
  if (facts.exportsDefault && !name.endsWith('.config.ts')) report('a default export has no name to search for; name it');
  if (/^(?:utils?|helpers?|misc|common)\./.test(name) || /\/(?:utils?|helpers?|misc|common)\//.test(path))
    report('a junk drawer; name it after what it holds');
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9-]+)*\.(?:tsx?|mjs)$/.test(name)) report('file names are kebab-case');
}

function checkSource(path: string, facts: ModuleFacts, report: Report): void {
  const [, room = '', ...inside] = path.split('/');
  if (path === 'src/index.ts') {
    for (const { specifier } of facts.imports)
      if (specifier !== './core/index.ts') report(`the package's door shows core alone, not ${specifier}`);
    return;
  }
  if (inside.length === 0) return report('only index.ts stands beside the rooms');
  const below = ROOMS[room];
  if (below === undefined) return report(`the room ${room} is not in the table of test/house/rooms.ts`);
  if (inside.length > 2) report('deeper than src/room/group/file.ts');
  const test = TEST.test(path);
  for (const { specifier, typeOnly } of facts.imports) {
    if (specifier.startsWith('.')) checkRelative(path, specifier, { room, below, test, report });
    else if (!test) checkPackage(room, specifier, typeOnly, report);
  }
}

function checkRelative(
  path: string,
  specifier: string,
  { room, below, test, report }: { room: string; below: readonly string[]; test: boolean; report: Report },
): void {
  const target = posix.join(posix.dirname(path), specifier);
  const [top, other = '', ...rest] = target.split('/');
  if (!/\.tsx?$/.test(specifier)) report(`the import ${specifier} lacks its extension .ts`);
  if (top !== 'src') {
    if (!test) report(`${specifier} lies outside src`);
    return;
  }
  if (target === 'src/index.ts' && room === 'cli') return; // The program hands the package's own door to recipes.
  if (other === room) {
    if (!test && TEST.test(target)) report(`${specifier} belongs to the tests`);
    return;
  }
  if (rest.join('/') !== 'index.ts') report(`${specifier} reaches past the door of ${other}; import its index.ts`);
  // A test may take any room as its oracle; the room itself may only look down.
  if (!test && other !== 'core' && !below.includes(other)) report(`${room} may not import ${other}`);
}

function checkPackage(room: string, specifier: string, typeOnly: boolean, report: Report): void {
  if (specifier.startsWith('node:')) {
    if (PURE_ROOMS.includes(room)) report(`${room} is pure and may not import ${specifier}`);
    return;
  }
  const name = packageName(specifier);
  if (name === 'weft') report(`rooms import each other by relative path, not ${specifier}`);
  else if (PACKAGES[name] === undefined) report(`the package ${name} is not in the table of test/house/rooms.ts`);
  else if (!PACKAGES[name].includes(room)) report(`${room} may not know the package ${name}${typeOnly ? ', not even its types' : ''}`);
}

function checkStudio(path: string, facts: ModuleFacts, report: Report): void {
  if (TEST.test(path)) return;
  for (const { specifier, typeOnly } of facts.imports) {
    const target = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : specifier;
    const intoPackage = target.startsWith('src/') || packageName(target) === 'weft';
    if (intoPackage && (!typeOnly || !['src/serve/index.ts', 'weft/serve'].includes(target))) {
      report(`the page talks HTTP and imports only the types of serve, not ${specifier}`);
    }
  }
}

function checkExample(facts: ModuleFacts, report: Report): void {
  for (const { specifier } of facts.imports) {
    if (!specifier.startsWith('node:') && packageName(specifier) !== 'weft')
      report(`an example imports weft and Node alone, not ${specifier}`);
  }
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
