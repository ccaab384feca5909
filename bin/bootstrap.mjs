// Plain JavaScript for Node 20 and later: brings the project's own runtime (Node 24 and the npm dependencies) and then
// hands over to TypeScript. Everything else that a fresh machine lacks is installed by src/cli/prepare/.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const leastMajor = 24;

/** The commands that make networks and containers, or read what they left: they run as root, through sudo if need be. */
const privileged = new Set(['up', 'down', 'demo', 'reset', 'join', 'leave', 'test', 'bench']);

/** The commands of contributors, relative to the project's root; every other one is the product's. */
const scripts = { test: 'tools/test.ts', bench: 'bench/bench.ts', check: 'tools/check.ts' };

function say(text) {
  process.stderr.write(`stowage: ${text}\n`);
}

function fail(text) {
  say(text);
  process.exit(1);
}

function npm(args, options = {}) {
  const npmCli = process.env.npm_execpath;
  const [program, rest] = npmCli?.endsWith('.js') ? [process.execPath, [npmCli, ...args]] : ['npm', args];
  const run = spawnSync(program, rest, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    ...options,
  });
  if (run.error !== undefined) fail(`npm could not be run (${run.error.message}): install Node.js with npm`);
  return run;
}

/** A Node 24: the running one when it is new enough, otherwise the `node` package of npm in `.stowage/runtime`. */
function runtime() {
  if (Number(process.versions.node.split('.')[0]) >= leastMajor) return process.execPath;
  const home = join(root, '.stowage', 'runtime');
  const node = join(home, 'node_modules', 'node', 'bin', 'node');
  if (!existsSync(node)) {
    say(`Node ${process.versions.node} is older than ${leastMajor}: fetching Node ${leastMajor} through npm (once)`);
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'package.json'), '{ "private": true }\n');
    const run = npm(['install', '--no-audit', '--no-fund', '--no-save', `node@${leastMajor}`], { cwd: home });
    if (!existsSync(node)) fail(`npm could not install node@${leastMajor}:\n${run.stderr}`);
  }
  return node;
}

/** Installs the dependencies where they are missing or older than the lock file. Published packages bring their own. */
function dependencies(path) {
  const lock = join(root, 'package-lock.json');
  if (!existsSync(lock)) return;
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  say('installing the npm dependencies');
  // Not `ci`: it refuses a lock file that lacks the optional packages of other platforms. The versions are the lock's all the same.
  const run = npm(['install', '--no-save', '--no-audit', '--no-fund'], { env: { ...process.env, PATH: path } });
  if (run.status !== 0) fail(`npm install failed:\n${run.stderr}`);
}

/** Runs a command of ours under the right Node; this process then ends as that one does. */
export function main(args) {
  const node = runtime();
  const path = [dirname(node), join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
  dependencies(path);
  const [command = 'help', ...rest] = args;
  const script = scripts[command];
  const argv = script === undefined ? [join(root, 'src/cli/cli.ts'), command, ...rest] : [join(root, script), ...rest];
  // TypeScript is stripped and compiled once, not at every start: a third of a second instead of more than one.
  const cache = process.env.NODE_COMPILE_CACHE ?? join(root, '.stowage', 'cache');
  const env = { ...process.env, PATH: path, NODE_COMPILE_CACHE: cache };
  let line = [node, '--disable-warning=ExperimentalWarning', ...argv];
  if (command === 'up') {
    // As in src/cli/commands/up.ts.
    line.splice(1, 0, '--max-semi-space-size=2', '--v8-pool-size=2');
    env.MALLOC_ARENA_MAX ??= '1';
  }
  if (privileged.has(command) && process.platform === 'linux' && process.getuid() !== 0) {
    const sudo = spawnSync('sudo', ['-V'], { stdio: 'ignore' });
    if (sudo.error !== undefined)
      fail(`'${command}' makes networks and containers and needs root: run it as root, or install sudo`);
    say(`'${command}' makes networks and containers and needs root: asking sudo`);
    line = ['sudo', '-E', 'env', `PATH=${path}`, `NODE_COMPILE_CACHE=${cache}`, ...line];
  }
  const child = spawn(line[0], line.slice(1), { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(error.message));
  child.on('exit', (status, signal) => {
    if (signal === null) process.exit(status ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url))
  main(process.argv.slice(2));
