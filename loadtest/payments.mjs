// What payments cost on PostgreSQL: starts a second, whole payments a second (started, paid at the sandbox bank, told of,
// entered into ledger and journal), and the CPU of each, of kabinet and of PostgreSQL.
//
//   make payment-figures           (or tests/services node loadtest/payments.mjs [SECONDS] [AT_ONCE] [ACCOUNTS])
//
// Load generator, server, bank and database share the machine; the bank's own tables and transactions are in the figures.
// KABINET names another binary than target/release/kabinet. The PostgreSQL of tests/services does not wait for the disk.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { binary, start } from './server.mjs';

const [seconds = 20, atOnce = 16, accounts = 500] = process.argv.slice(2).map(Number);
const { KABINET_TEST_POSTGRES_URL: postgres, KABINET_TEST_REDIS_URL: redis } = process.env;
if (!postgres || !redis) throw new Error('run it beside tests/services, as `make payment-figures` does');

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

const name = `kabinet_payments_${process.pid}`;
const url = postgres.replace(/[^/]*$/, name);
const sql = (at, statement) => execFileSync(psql, ['-XAtq', '-d', at, '-c', statement], { encoding: 'utf8' }).trim();
const payer = { email: 'payer@kabinet.example', password: 'teplo-i-svet-2026' };
const ticks = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** Seconds of CPU that a process has taken, those of its children that have ended included. */
function cpu(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
    return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0) / ticks;
  } catch {
    return 0;
  }
}

/** The same of this PostgreSQL: its postmaster and what that has forked. */
function cpuOfPostgres() {
  const postmaster = sql(postgres, "SELECT pg_read_file('postmaster.pid', 0, 20)").split('\n')[0];
  const children = readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')[1] === postmaster;
    } catch {
      return false;
    }
  });
  return [postmaster, ...children].reduce((sum, pid) => sum + cpu(pid), 0);
}

function quantiles(taken) {
  taken.sort((a, b) => a - b);
  const at = (part) => (taken[Math.min(taken.length - 1, Math.floor(taken.length * part))] ?? NaN).toFixed(1);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

/** A person who has registered; the letter that nobody reads is confirmed in the database. */
async function signedIn(server) {
  const { captcha, agreements } = await server.ask('{ captcha(action: REGISTER) { challenge } agreements { id } }');
  const input = { ...payer, captcha: `${captcha.challenge}:0`, acceptedAgreements: agreements.map((one) => one.id) };
  await server.ask('mutation($i: RegisterInput!) { register(input: $i) { userErrors { code } } }', { i: input });
  const confirm = `UPDATE users SET email_confirmed_at = now(), confirmation_expires_at = NULL WHERE email = '${payer.email}' RETURNING id`;
  while (!sql(url, confirm)) await pause(50);
  const { token } = (await server.ask('mutation($i: SignInInput!) { signIn(input: $i) { token } }', { i: payer })).signIn;
  return token;
}

sql(postgres, `CREATE DATABASE ${name}`);
const settings = {
  KABINET__DATABASE__URL: url,
  KABINET__DATABASE__MAX_CONNECTIONS: '20',
  KABINET__REDIS__URL: redis,
  KABINET__REDIS__PREFIX: name,
  // Letters are not what is measured: they wait.
  KABINET__MAIL__SMTP_URL: 'smtp://127.0.0.1:1',
};
const registers = mkdtempSync(join(tmpdir(), 'kabinet-registers-'));
const prepare = (...args) =>
  execFileSync(binary, args, { env: { ...process.env, KABINET__DATA_DIR: registers, KABINET__LOG__FILTER: 'error', ...settings } });
prepare('migrate');
prepare('demo', 'generate', '--accounts', String(accounts), '--months', '1', '--out', join(registers, 'files'));
prepare('import', join(registers, 'files'));
rmSync(registers, { recursive: true });
const server = await start([], settings);
try {
  const token = await signedIn(server);
  sql(url, `INSERT INTO attachments (id, user_id, personal_account_id, access, attached_at, proved_at, attached_version)
            SELECT gen_random_uuid(), u.id, a.id, 'FULL', now(), now(), 0 FROM users u, personal_accounts a
            WHERE u.email = '${payer.email}' ON CONFLICT DO NOTHING`);
  const ids = [];
  let after = null;
  while (ids.length < accounts) {
    const query = 'query($a: String) { viewer { personalAccounts(first: 100, after: $a) { edges { node { id } } pageInfo { endCursor hasNextPage } } } }';
    const { edges, pageInfo } = (await server.ask(query, { a: after }, token)).viewer.personalAccounts;
    ids.push(...edges.map((edge) => edge.node.id));
    if (!pageInfo.hasNextPage) break;
    after = pageInfo.endCursor;
  }
  ids.length = Math.min(ids.length, accounts);

  const mutation = 'mutation($i: StartPaymentInput!) { startPayment(input: $i) { payment { id confirmationUrl } userErrors { code } } }';
  let turn = 0;
  const begin = async () => {
    const number = turn++;
    const input = { personalAccountId: ids[number % ids.length], amount: { custom: '100.00' }, idempotencyKey: `${name}-${number}` };
    const { payment, userErrors } = (await server.ask(mutation, { i: input }, token)).startPayment;
    if (!payment?.confirmationUrl) throw new Error(JSON.stringify(userErrors));
    return payment;
  };
  const entered = () => Number(sql(url, "SELECT count(*) FROM journal_transactions WHERE kind = 'PAYMENT'"));

  const measure = async (title, one, count) => {
    const [before, database] = [cpu(server.pid), cpuOfPostgres()];
    const [begun, taken, first] = [Date.now(), [], count()];
    const until = begun + seconds * 1000;
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        while (Date.now() < until) {
          const since = process.hrtime.bigint();
          await one();
          taken.push(Number(process.hrtime.bigint() - since) / 1e6);
        }
      }),
    );
    // What was paid and is not entered yet belongs to it.
    while (count() - first < taken.length) await pause(50);
    const [took, done] = [(Date.now() - begun) / 1000, count() - first];
    const each = (cpuSeconds) => `${((1000 * cpuSeconds) / done).toFixed(2)} ms`;
    const spent = `CPU each: kabinet ${each(cpu(server.pid) - before)}, PostgreSQL ${each(cpuOfPostgres() - database)}`;
    console.log(`${title}: ${(done / took).toFixed(0)}/s, ${quantiles(taken)}; ${spent}`);
  };

  console.log(`${ids.length} accounts, ${atOnce} at once, ${seconds} s each`);
  await measure('starts', begin, () => turn);
  const whole = async () => {
    const { confirmationUrl } = await begin();
    const { status } = await server.form(new URL(confirmationUrl).pathname, 'outcome=pay');
    if (status !== 303) throw new Error(`the bank answers ${status}`);
  };
  await measure('whole payments', whole, entered);
  const wrong = sql(url, 'SELECT count(*) FROM (SELECT 1 FROM journal_postings GROUP BY transaction_id HAVING sum(amount) <> 0) AS wrong');
  const differ = sql(url, "SELECT (SELECT -sum(amount) FROM ledger_entries WHERE payment_id IS NOT NULL) - (SELECT sum(amount) FROM journal_postings WHERE book = 'ACQUIRER')");
  console.log(`transactions that do not sum to zero: ${wrong}; ledger less journal: ${differ}`);
} finally {
  await server.stop();
  sql(postgres, `DROP DATABASE ${name} WITH (FORCE)`);
}
process.exit(0);
