// What loading a provider's registers costs, on SQLite and on PostgreSQL: rows, rows a second, the most memory the import
// ever took, for a quarter of the accounts and for all of them, and a second run of the same files. Then what a server
// with these data costs: the binary, from the start to ready, memory while nobody asks anything.
//
//   make import-figures                       (or tests/services node loadtest/import_figures.mjs [ACCOUNTS] [MONTHS])
//
// The registers and the databases of a million accounts need some gigabytes in TMPDIR. KABINET names another binary than
// target/release/kabinet. The PostgreSQL of tests/services does not wait for the disk.

import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, freePort } from './server.mjs';

const [accounts = 1_000_000, months = 1] = process.argv.slice(2).map(Number);
const binary = resolve(process.env.KABINET ?? 'target/release/kabinet');
const { KABINET_TEST_POSTGRES_URL: postgres, KABINET_TEST_REDIS_URL: redis } = process.env;
if (!postgres || !redis) throw new Error('run it beside tests/services, as `make import-figures` does');

const folder = mkdtempSync(join(tmpdir(), 'kabinet-import-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

// Debian keeps it out of PATH where only the server is installed; the newest wins.
const debian = '/usr/lib/postgresql';
const versions = existsSync(debian) ? readdirSync(debian).sort((one, other) => other - one) : [];
const psql = ['psql', ...versions.map((version) => join(debian, version, 'bin/psql'))].find((program) => {
  try {
    return execFileSync(program, ['--version']);
  } catch {
    return false;
  }
});
if (!psql) throw new Error('psql is missing (Debian: postgresql-client)');

const environment = (settings) => ({
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  KABINET__LOG__FILTER: 'warn',
  KABINET__SECURITY__SECRET_KEY: 'a key for the time of a benchmark only',
  ...settings,
});

/** Kilobytes from /proc; of a process that is gone, what is known already. */
function memory(process, field, known = 0) {
  try {
    const found = new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${process.pid}/status`, 'utf8'));
    return found ? Number(found[1]) : known;
  } catch {
    return known;
  }
}

/** Runs kabinet to its end: what it said, how long it took, the most memory. VmHWM never falls, so a look in time is enough. */
async function run(args, settings = {}) {
  const begun = process.hrtime.bigint();
  const child = spawn(binary, args, { env: environment(settings), stdio: ['ignore', 'pipe', 'pipe'] });
  let [said, complained, peak] = ['', '', 0];
  child.stdout.on('data', (part) => (said += part));
  child.stderr.on('data', (part) => (complained = (complained + part).slice(-4000)));
  const looking = setInterval(() => (peak = Math.max(peak, memory(child, 'VmHWM', peak))), 10);
  const code = await new Promise((ended) => child.once('close', ended));
  clearInterval(looking);
  if (code !== 0) throw new Error(`kabinet ${args.join(' ')} ended with ${code}: ${complained}`);
  return { said, seconds: Number(process.hrtime.bigint() - begun) / 1e9, peak };
}

/** The lines of an import's report, added up. */
function tally(said) {
  const sum = { rows: 0, touched: 0 };
  for (const line of said.split('\n')) {
    const loaded = /(\d+) new\s+(\d+) changed\s+(\d+) unchanged/.exec(line);
    const before = /loaded before, (\d+) rows unchanged/.exec(line);
    if (loaded) {
      const [fresh, changed, unchanged] = loaded.slice(1).map(Number);
      sum.rows += fresh + changed + unchanged;
      sum.touched += fresh + changed;
    }
    if (before) sum.rows += Number(before[1]);
  }
  if (sum.rows === 0) throw new Error(`no rows in the report:\n${said}`);
  return sum;
}

function engines(count) {
  const database = `import_figures_${process.pid}_${count}`;
  execFileSync(psql, ['--quiet', '--no-psqlrc', postgres, '--command', `CREATE DATABASE ${database}`], { stdio: 'inherit' });
  const data = (name) => {
    const path = join(folder, `${name}-${count}`);
    mkdirSync(path);
    return path;
  };
  const url = new URL(postgres);
  url.pathname = `/${database}`;
  return [
    ['SQLite', { KABINET__DATA_DIR: data('sqlite') }],
    ['PostgreSQL', {
      KABINET__DATA_DIR: data('postgres'),
      KABINET__DATABASE__URL: url.href,
      KABINET__REDIS__URL: redis,
      KABINET__REDIS__PREFIX: database,
      KABINET__MAIL__SMTP_URL: 'smtp://127.0.0.1:1',
    }],
  ];
}

const number = (value, digits = 0) => value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: digits });
const megabytes = (kilobytes) => `${number(kilobytes / 1024, 1)} MB`;
const print = (...cells) => console.log(`  ${cells.map((cell, at) => (at === 0 ? cell.padEnd(24) : cell.padStart(14))).join('')}`);

/** Both engines, loaded with so many accounts. */
async function load(count) {
  const registers = join(folder, `registers-${count}`);
  const generated = await run(['demo', 'generate', '--accounts', String(count), '--months', String(months), '--out', registers]);
  console.log(`\n${number(count)} accounts, months of statements: ${months} (written in ${number(generated.seconds, 1)} s)`);
  print('', 'rows', 'seconds', 'rows/s', 'peak memory');
  const loaded = engines(count);
  const peaks = {};
  for (const [engine, settings] of loaded) {
    const first = await run(['import', registers], settings);
    const { rows, touched } = tally(first.said);
    if (touched !== rows) throw new Error(`${engine}: ${rows} rows into an empty database, ${touched} of them new`);
    print(engine, number(rows), number(first.seconds, 1), number(rows / first.seconds), megabytes(first.peak));
    peaks[engine] = first.peak;
    const again = await run(['import', registers], settings);
    const second = tally(again.said);
    if (second.touched !== 0) throw new Error(`${engine}: a second run changed ${second.touched} rows`);
    if (second.rows !== rows) throw new Error(`${engine}: a second run saw ${second.rows} of ${rows} rows`);
    print('  again, 0 changed', number(rows), number(again.seconds, 1), number(rows / again.seconds), megabytes(again.peak));
  }
  rmSync(registers, { recursive: true });
  return { loaded, peaks };
}

/** From the start of the process until it is ready, and its memory when nobody has asked anything for ten seconds. */
async function serve(settings) {
  const port = await freePort();
  const address = { KABINET__HTTP__LISTEN: `127.0.0.1:${port}`, KABINET__HTTP__PUBLIC_URL: `http://127.0.0.1:${port}` };
  const begun = process.hrtime.bigint();
  const child = spawn(binary, ['serve'], { env: environment({ ...settings, ...address }), stdio: ['ignore', 'ignore', 'inherit'] });
  const clear = () => child.kill('SIGKILL');
  process.once('exit', clear);
  const { ready } = connect(port);
  while (!(await ready())) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    await pause(2);
  }
  const milliseconds = Number(process.hrtime.bigint() - begun) / 1e6;
  await pause(10_000);
  const idle = memory(child, 'VmRSS');
  const ended = new Promise((resolved) => child.once('exit', resolved));
  child.kill('SIGTERM');
  await ended;
  process.removeListener('exit', clear);
  return { milliseconds, idle };
}

console.log(`${binary}: ${number(statSync(binary).size / 2 ** 20, 1)} MB; ${cpus().length} × ${cpus()[0].model}`);
const quarter = await load(Math.max(1, Math.floor(accounts / 4)));
const whole = await load(accounts);
console.log('\nPeak memory of all accounts against that of a quarter of them');
for (const [engine, peak] of Object.entries(whole.peaks)) {
  const before = quarter.peaks[engine];
  print(engine, megabytes(before), megabytes(peak), `× ${number(peak / before, 2)}`);
}
console.log(`\nA server with the data of ${number(accounts)} accounts`);
print('', 'ready after', 'idle memory');
for (const [engine, settings] of whole.loaded) {
  const { milliseconds, idle } = await serve(settings);
  print(engine, `${number(milliseconds)} ms`, megabytes(idle));
}
process.exit(0);
