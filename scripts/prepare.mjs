/**
 * Makes a clone ready to run: installs the packages when they are missing or differ from the lock file, and builds when
 * a source changed. Plain Node without dependencies, as it runs before anything is installed. Speaks on stderr alone, so
 * that stdout stays the command's own.
 */

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const root = fileURLToPath(new URL('..', import.meta.url));

const MINIMUM = [20, 19];
const STAMP = join(root, 'dist', '.stamp');

/** One line of progress. */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

/** Ends with 1 and one line with a remedy when this Node is too old to run anything else. */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1])) return;
  say(`error [WEFT_NODE_VERSION] Cannot run Weft as it needs Node ${MINIMUM.join('.')} or newer: ${process.version}`);
  say('  Install a current Node from https://nodejs.org.');
  process.exit(1);
}

/** Runs a program with this terminal; gives its exit code, or ends with a line when it fails and `orExit` is set. */
export function run(command, args, { orExit = false, quiet = false } = {}) {
  const windows = process.platform === 'win32';
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 2, 2],
    shell: windows,
    env: { ...process.env, npm_config_loglevel: process.env.npm_config_loglevel ?? 'error' },
  });
  const code = result.status ?? (result.signal ? 128 + (constants.signals[result.signal] ?? 0) : 1);
  if (code !== 0 && quiet) for (const output of [result.stdout, result.stderr]) process.stderr.write(output ?? '');
  if (code !== 0 && orExit) {
    say(`error [WEFT_SETUP] Cannot go on as a command failed: ${command} ${args.join(' ')} (exit ${code})`);
    process.exit(1);
  }
  return code;
}

/** Runs a script of node_modules, e.g. `tool('typescript', 'tsc', ['-p', '.'])`. */
export function tool(name, args, options) {
  return run(process.execPath, [binary(name), ...args], options);
}

/** The file that an entry of node_modules/.bin stands for: the packages' own "bin", without a shell. */
function binary(name) {
  const packages = { tsc: 'typescript' };
  const folder = join(root, 'node_modules', packages[name] ?? name);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof bin === 'string' ? bin : bin[name]);
}

/** Installs what package-lock.json lists, unless node_modules already holds exactly that. */
export function install() {
  const difference = installDifference();
  if (difference === undefined) return;
  say(`Installing packages (${difference}) …`);
  const started = Date.now();
  // Development packages too, whatever NODE_ENV says: they hold the compiler.
  run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], { orExit: true });
  say(`Installed in ${seconds(started)} s.`);
}

/** Why an install is needed, or undefined; compares package-lock.json with npm's own note of what it installed. */
export function installDifference() {
  const lock = readJson(join(root, 'package-lock.json'))?.packages;
  if (lock === undefined) return 'package-lock.json cannot be read';
  const installed = readJson(join(root, 'node_modules', '.package-lock.json'))?.packages;
  if (installed === undefined) return 'none installed yet';
  for (const [path, entry] of Object.entries(lock)) {
    if (path === '' || entry.link) continue;
    const found = installed[path];
    // Packages for other systems are optional and rightly missing.
    if (found === undefined && !entry.optional && !entry.devOptional && !entry.peer) return `${path} is missing`;
    if (found !== undefined && (found.version !== entry.version || found.integrity !== entry.integrity)) return `${path} changed`;
    if (found !== undefined && !existsSync(join(root, path, 'package.json'))) return `${path} is missing`;
  }
  return undefined;
}

/** Builds dist/ when a source differs from what was built last, or `force` is set. */
export function build({ force = false } = {}) {
  const fingerprint = sourceFingerprint();
  if (!force && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === fingerprint) return;
  say('Building …');
  const started = Date.now();
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  tool('tsc', ['-p', 'tsconfig.build.json'], { orExit: true });
  if (existsSync(join(root, 'studio', 'vite.config.ts'))) {
    tool('vite', ['build', 'studio', '--config', 'studio/vite.config.ts', '--logLevel', 'warn'], { orExit: true });
  }
  writeFileSync(STAMP, fingerprint);
  say(`Built in ${seconds(started)} s.`);
}

/** Starts a program that takes this terminal, passes Ctrl-C and SIGTERM on, and ends as it ends. */
export function become(command, args) {
  const child = spawn(command, args, { cwd: process.cwd(), stdio: 'inherit' });
  let asked = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the whole group; a signal sent to this process alone is passed on.
      if (!(signal === 'SIGINT' && process.stdin.isTTY)) child.kill(signal);
      asked = true;
    });
  }
  child.on('error', (error) => {
    say(`error [WEFT_SETUP] Cannot start ${command} as the system refused: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === null ? 1 : 128 + (constants.signals[signal] ?? 0));
    if (asked) process.exit();
  });
}

/** A hash of every file that the build reads. */
function sourceFingerprint() {
  const hash = createHash('sha256').update(process.version);
  const visit = (path) => {
    for (const entry of readdirSync(join(root, path), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const child = `${path}/${entry.name}`;
      if (entry.isDirectory()) visit(child);
      else if (!entry.name.includes('.test.'))
        hash
          .update(`${child}\0`)
          .update(readFileSync(join(root, child)))
          .update('\0');
    }
  };
  for (const folder of ['src', 'studio']) if (existsSync(join(root, folder))) visit(folder);
  for (const file of ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json']) hash.update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function seconds(started) {
  return ((Date.now() - started) / 1000).toFixed(1);
}
