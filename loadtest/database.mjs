// A PostgreSQL database of a benchmark's own, beside those of the tests, and demonstration data in it.

import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { binary } from './server.mjs';

export function fail(words) {
  console.error(words);
  process.exit(2);
}

/** What a variable says that tests/services sets. */
export const given = (variable) => process.env[variable] ?? fail('run me by tests/services');

const psql = (target, sql) =>
  execFileSync('psql', ['--quiet', '--no-psqlrc', '--tuples-only', '--no-align', '--set', 'ON_ERROR_STOP=1', target, '--command', sql], {
    encoding: 'utf8',
  }).trim();

/** Makes a database, with kabinet's tables as soon as `migrate` is called; `settings` of a server on it are to be completed. */
export function makeDatabase(purpose, folder, more = {}) {
  const name = `${purpose}_${process.pid}`;
  const server = given('KABINET_TEST_POSTGRES_URL');
  const url = new URL(server);
  url.pathname = `/${name}`;
  psql(server, `CREATE DATABASE ${name}`);
  const settings = {
    KABINET__DATABASE__URL: url.href,
    KABINET__REDIS__PREFIX: name,
    KABINET__MAIL__SMTP_URL: 'smtp://127.0.0.1:1',
    ...more,
  };
  const environment = { ...process.env, KABINET__DATA_DIR: folder, ...settings };
  /** Runs a command of kabinet and gives what it prints. */
  const kabinet = (...args) => execFileSync(binary, args, { env: environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  const drop = () => psql(server, `DROP DATABASE ${name} WITH (FORCE)`);
  return { url: url.href, settings, kabinet, psql: (sql) => psql(url.href, sql), drop };
}

/** Makes the tables and fills them by registers, as a provider would. */
export function loadRegisters({ kabinet }, folder, accounts, months) {
  const registers = join(folder, 'registers');
  kabinet('migrate');
  kabinet('demo', 'generate', '--accounts', String(accounts), '--months', String(months), '--out', registers);
  kabinet('import', registers);
  rmSync(registers, { recursive: true });
}

/** Registers a program of a provider: its id and its secret. */
export function addProgram({ kabinet }, ...scopes) {
  const added = kabinet('clients', 'add', 'voronezh', 'Billing', ...scopes.flatMap((scope) => ['--scope', scope]));
  const [id] = /client_[0-9a-z]{26}/.exec(added);
  const [secret] = /csec_[0-9A-Za-z_-]+/.exec(added);
  return { id, secret };
}
