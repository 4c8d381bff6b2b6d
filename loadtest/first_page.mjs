// What the first page, a page of the ledger and a submitted reading cost on PostgreSQL: requests a second, p50, p99 and CPU
// of server and database at 1, 16 and 64 connections; and beside each, in the same run, pgbench with one hand-written
// statement that gives the same JSON. 20,000 accounts come by the registers, the others are their copies.
//
//   make first-page            (or tests/services node loadtest/first_page.mjs [ACCOUNTS [SECONDS]])
//
// Aim: CPU of server and database together at most 2.5 times that of the hand-written statement.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail, given, loadRegisters, makeDatabase } from './database.mjs';
import { multiply } from './multiply.mjs';
import { connect, start } from './server.mjs';

const accounts = Number(process.argv[2] ?? 1_000_000);
const seconds = Number(process.argv[3] ?? 10);
const imported = Math.min(accounts, 20_000); // by the registers; the others are their copies
const months = 14;
const people = 64;
const accountsEach = 3;
const connections = [1, 16, 64];
const tick = 100; // USER_HZ

const folder = mkdtempSync(join(tmpdir(), 'kabinet-first-page-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

// --- data -------------------------------------------------------------------------------------------------------------

const database = makeDatabase('first_page', folder, { KABINET__REDIS__URL: given('KABINET_TEST_REDIS_URL') });
const { psql, url } = database;
loadRegisters(database, folder, imported, months);
const copies = Math.round(accounts / imported) - 1;
if (copies > 0) multiply(psql, copies, console.error);

const server = await start([], database.settings);
const email = (number) => `person${number}@example.com`;
const password = 'correct horse 42';
await registerAndConfirm();
// Accounts with a meter, spread over all of them; what is read was attached by nobody else.
psql(`CREATE TABLE bench_people (n int PRIMARY KEY, user_id uuid, meter_id uuid, account_id uuid);
   WITH chosen AS (
     SELECT personal_account_id AS account, row_number() OVER (ORDER BY md5(personal_account_id::text)) AS place
     FROM (SELECT DISTINCT personal_account_id FROM meters WHERE removed_on IS NULL AND registers = 'SINGLE'
           AND last_reading_id IS NOT NULL) m ORDER BY place LIMIT ${people * accountsEach}),
   owners AS (SELECT id, row_number() OVER (ORDER BY email) - 1 AS n FROM users WHERE email LIKE 'person%@example.com')
   INSERT INTO attachments (id, user_id, personal_account_id, access, attached_at, attached_version, may_pay)
   SELECT gen_random_uuid(), o.id, c.account, 'FULL', now(), 0, TRUE
   FROM chosen c JOIN owners o ON o.n = (c.place - 1) % ${people};
   INSERT INTO bench_people
   SELECT row_number() OVER (ORDER BY a.user_id), a.user_id, m.id, a.personal_account_id FROM (
     SELECT DISTINCT ON (user_id) user_id, personal_account_id FROM attachments ORDER BY user_id, personal_account_id) a
   JOIN LATERAL (SELECT id FROM meters WHERE personal_account_id = a.personal_account_id AND removed_on IS NULL LIMIT 1) m ON TRUE;
   UPDATE provider_terms SET usual_monthly_maximum = NULL, late_readings = 'NEXT_BILL', zero_consumption = 'TAKEN';
   ANALYZE`,
);

async function registerAndConfirm() {
  // One by the mutations, so that the row is as the server writes it; the others are copies under their own addresses.
  const data = await server.ask('{ captcha { challenge } agreements { id } }', {});
  const input = {
    email: email(0),
    password,
    captcha: `${data.captcha.challenge}:0`,
    acceptedAgreements: data.agreements.map((agreement) => agreement.id),
  };
  const answer = await server.ask('mutation($input: RegisterInput!) { register(input: $input) { userErrors { code } } }', { input });
  if (answer.register.userErrors.length > 0) throw new Error(JSON.stringify(answer));
  // The cabinet is made by a job.
  while (psql('SELECT count(*) FROM users') === '0') await new Promise((resolve) => setTimeout(resolve, 100));
  const columns = psql("SELECT string_agg(quote_ident(column_name), ',') FROM information_schema.columns WHERE table_name = 'users' AND column_name NOT IN ('id', 'email')",
  );
  psql(`UPDATE users SET email_confirmed_at = now(), confirmation_expires_at = NULL WHERE email = '${email(0)}';
     INSERT INTO users (id, email, ${columns})
     SELECT gen_random_uuid(), 'person' || n || '@example.com', ${columns} FROM users, generate_series(1, ${people - 1}) n
     WHERE email = '${email(0)}'`,
  );
}

const askers = [];
for (let number = 0; number < people; number += 1) {
  const signedIn = await server.ask('mutation($input: SignInInput!) { signIn(input: $input) { token } }', {
    input: { email: email(number), password },
  });
  const token = signedIn.signIn.token ?? fail(`no session: ${JSON.stringify(signedIn)}`);
  const shown = await server.ask(
    '{ viewer { personalAccounts(first: 10) { edges { node { id meters { id lastReading { values { register value } } } } } } } }',
    {},
    token,
  );
  const nodes = shown.viewer.personalAccounts.edges.map((edge) => edge.node);
  const meter = nodes.flatMap((node) => node.meters).find((meter) => meter.lastReading?.values.length === 1);
  askers.push({ token, account: nodes[0].id, meter: meter.id, value: Number(meter.lastReading.values[0].value) });
}

// --- what is asked ----------------------------------------------------------------------------------------------------

const to = new Date().toISOString().slice(0, 7);
const from = `${Number(to.slice(0, 4)) - 1}${to.slice(4)}`;
const questions = {
  'first page': (asker) => [
    `query($from: YearMonth!, $to: YearMonth!) { viewer { personalAccounts(first: 10) { edges { node {
       id number nickname access provider { name } balance { owed { amount } credit { amount } }
       meters { id name serialNumber unit lastReading { takenOn values { register value } } }
       statement { period accrued { amount } closing { amount } dueOn }
       consumption(from: $from, to: $to) { period volume basis unit } } } } } }`,
    { from, to },
    asker.token,
  ],
  'ledger page': (asker) => [
    `query($id: ID!) { node(id: $id) { ... on PersonalAccount { ledger(first: 20) { pageInfo { hasNextPage endCursor }
       edges { node { id version kind occurredAt amount { amount } balanceAfter { owed { amount } credit { amount } } period } } } } } }`,
    { id: asker.account },
    asker.token,
  ],
  'submitted reading': (asker) => {
    asker.value = Math.floor(asker.value) + 1;
    return [
      'mutation($input: SubmitMeterReadingsInput!) { submitMeterReadings(input: $input) { readings { id consumption } userErrors { code } } }',
      { input: { readings: [{ meterId: asker.meter, values: [{ value: String(asker.value) }], confirmWarnings: true }] } },
      asker.token,
    ];
  },
};

const period = (month) => `${month.slice(0, 4)}${month.slice(5)}`;
const statements = {
  'first page': `\\set n random(1, ${people})
SELECT json_agg(json_build_object('id', a.id, 'number', a.number, 'nickname', t.nickname, 'access', t.access, 'provider', p.name,
  'balance', a.balance,
  'meters', (SELECT json_agg(json_build_object('id', m.id, 'name', m.name, 'serial', m.serial_number, 'unit', m.unit,
      'takenOn', r.taken_on, 'value', r.value_single, 'day', r.value_day, 'night', r.value_night) ORDER BY m.name)
    FROM meters m LEFT JOIN meter_readings r ON r.id = m.last_reading_id WHERE m.personal_account_id = a.id),
  'statement', (SELECT json_build_object('period', s.period, 'accrued', s.accrued, 'closing', s.closing, 'dueOn', s.due_on)
    FROM statements s WHERE s.personal_account_id = a.id AND s.withdrawn_at IS NULL ORDER BY s.period DESC LIMIT 1),
  'consumption', (SELECT json_agg(json_build_object('period', s.period, 'volume', l.volume, 'basis', l.basis, 'unit', l.unit) ORDER BY s.period)
    FROM statements s JOIN statement_lines l ON l.statement_id = s.id
    WHERE s.personal_account_id = a.id AND s.withdrawn_at IS NULL AND s.period BETWEEN ${period(from)} AND ${period(to)} AND l.unit IN ('CUBIC_METRE', 'KILOWATT_HOUR', 'GIGACALORIE'))
  ) ORDER BY t.id)
FROM attachments t JOIN personal_accounts a ON a.id = t.personal_account_id JOIN providers p ON p.id = a.provider_id
WHERE t.user_id = (SELECT user_id FROM bench_people WHERE n = :n);
`,
  'ledger page': `\\set n random(1, ${people})
SELECT id, version, kind, occurred_at, amount, balance_after, period FROM ledger_entries
WHERE personal_account_id = (SELECT account_id FROM bench_people WHERE n = :n) ORDER BY version DESC LIMIT 21;
`,
  'submitted reading': `\\set n random(1, ${people})
BEGIN;
SELECT m.id, r.value_single FROM meters m JOIN meter_readings r ON r.id = m.last_reading_id
WHERE m.id = (SELECT meter_id FROM bench_people WHERE n = :n) FOR UPDATE OF m;
WITH old AS (SELECT m.id AS meter, m.personal_account_id AS account, r.value_single AS value, b.user_id AS person
    FROM bench_people b JOIN meters m ON m.id = b.meter_id JOIN meter_readings r ON r.id = m.last_reading_id WHERE b.n = :n),
  new AS (INSERT INTO meter_readings (id, meter_id, personal_account_id, taken_on, submitted_at, source, status, submitted_by,
      value_single, consumption, history_withheld, warnings)
    SELECT gen_random_uuid(), meter, account, current_date, now(), 'CABINET', 'SUBMITTED', person, value + 10, 10, FALSE, '' FROM old
    RETURNING id, meter_id)
UPDATE meters SET last_reading_id = new.id FROM new WHERE meters.id = new.meter_id;
COMMIT;
`,
};

// --- what it costs ----------------------------------------------------------------------------------------------------

/** Parent, own CPU seconds, and those of children that have ended. */
function stat(process) {
  const [, rest] = /^\d+ \(.*\) (.*)$/s.exec(readFileSync(`/proc/${process}/stat`, 'utf8'));
  const fields = rest.split(' ').map(Number);
  return { parent: fields[1], own: (fields[11] + fields[12]) / tick, ended: (fields[13] + fields[14]) / tick };
}

function processes() {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        return [{ id: Number(entry), ...stat(entry) }];
      } catch {
        return []; // It has ended meanwhile.
      }
    });
}

const postmaster = (() => {
  const sleeping = spawn('psql', ['--no-psqlrc', '--tuples-only', url, '--command', 'SELECT pg_sleep(5)'], { stdio: 'ignore' });
  try {
    for (;;) {
      const pid = psql("SELECT pid FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(5)'");
      if (pid) return stat(pid).parent;
    }
  } finally {
    sleeping.kill();
  }
})();

/** CPU seconds of our server and of PostgreSQL, backends that have ended included. */
function cpu() {
  const all = processes();
  const own = all.filter((one) => one.parent === process.pid).reduce((sum, one) => sum + one.own, 0);
  const master = all.find((one) => one.id === postmaster);
  const backends = all.filter((one) => one.parent === postmaster).reduce((sum, one) => sum + one.own, 0);
  return { server: own, postgres: master.own + master.ended + backends };
}

async function load(question, width) {
  const times = [];
  const clients = Array.from({ length: width }, () => connect(server.port));
  const ends = performance.now() + seconds * 1000;
  const before = cpu();
  await Promise.all(
    clients.map(async (client, index) => {
      for (let turn = index; performance.now() < ends; turn += width) {
        const asker = askers[turn % askers.length];
        const [query, variables, token] = question(asker);
        const begun = performance.now();
        const answer = await client.ask(query, variables, token);
        times.push(performance.now() - begun);
        const refused = answer.submitMeterReadings?.userErrors;
        if (refused?.length > 0 && !['BELOW_PREVIOUS', 'TOO_MANY_DIGITS'].includes(refused[0].code)) throw new Error(JSON.stringify(refused));
      }
    }),
  );
  const after = cpu();
  const spent = { server: after.server - before.server, postgres: after.postgres - before.postgres };
  times.sort((one, other) => one - other);
  const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))];
  return { count: times.length, p50: at(0.5), p99: at(0.99), server: spent.server, postgres: spent.postgres };
}

async function limit(name, width) {
  const file = join(folder, `${name.replace(' ', '-')}.sql`);
  writeFileSync(file, statements[name]);
  const before = cpu();
  const args = ['-n', '-M', 'prepared', '-c', String(width), '-j', '2', '-T', String(seconds), '-f', file, '--log-prefix', join(folder, 'log'), '-l', url];
  const ran = spawnSync('pgbench', args, { encoding: 'utf8', cwd: folder });
  if (ran.status !== 0) throw new Error(ran.stderr);
  // A backend that is just ending would be counted neither among the living nor among those that have ended.
  await new Promise((resolve) => setTimeout(resolve, 500));
  const times = readdirSync(folder)
    .filter((entry) => entry.startsWith('log'))
    .flatMap((entry) => {
      const lines = readFileSync(join(folder, entry), 'utf8').trim().split('\n');
      rmSync(join(folder, entry));
      return lines.map((line) => Number(line.split(' ')[2]) / 1000);
    })
    .sort((one, other) => one - other);
  const count = times.length;
  const at = (part) => times[Math.min(count - 1, Math.floor(count * part))];
  return { count, p50: at(0.5), p99: at(0.99), cpu: cpu().postgres - before.postgres };
}

const number = (value, digits = 0) => value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: digits });
const print = (...cells) => console.log(cells.map((cell, at) => (at === 0 ? cell.padEnd(20) : cell.padStart(13))).join(''));
const each = (cpuSeconds, count) => (cpuSeconds * 1000) / Math.max(count, 1);

console.log(`${number(imported * (copies + 1))} accounts, ${people} people with ${accountsEach} each, ${seconds} s a figure; CPU in ms a request`);
print('', 'connections', 'requests/s', 'p50 ms', 'p99 ms', 'server', 'PostgreSQL', 'pgbench/s', 'p50 ms', 'p99 ms', 'CPU', 'ratio');
for (const [name, question] of Object.entries(questions)) {
  for (const width of connections) {
    await load(question, width > 16 ? 16 : width); // warm
    const ours = await load(question, width);
    const theirs = await limit(name, width);
    const ownCpu = each(ours.server, ours.count) + each(ours.postgres, ours.count);
    const limitCpu = each(theirs.cpu, theirs.count);
    print(
      name,
      String(width),
      number(ours.count / seconds),
      number(ours.p50, 2),
      number(ours.p99, 2),
      number(each(ours.server, ours.count), 3),
      number(each(ours.postgres, ours.count), 3),
      number(theirs.count / seconds),
      number(theirs.p50, 2),
      number(theirs.p99, 2),
      number(limitCpu, 3),
      number(ownCpu / limitCpu, 2),
    );
  }
}
await server.stop();
database.drop();
process.exit(0);
