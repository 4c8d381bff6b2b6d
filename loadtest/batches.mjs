// Statements imported through the API by a provider's program: rows a second, and the server's peak memory.
//
//   make batch-figures            (or tests/services node loadtest/batches.mjs [STATEMENTS [AT_ONCE [LINES]]])
//
// Accounts are made through the API first; then every account gets a statement a month until so many are sent. At the end one
// batch is sent again and must be answered as at first.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addProgram, given, loadRegisters, makeDatabase } from './database.mjs';
import { start } from './server.mjs';

const statements = Number(process.argv[2] ?? 1_000_000);
const atOnce = Number(process.argv[3] ?? 2);
const lines = Number(process.argv[4] ?? 3);
const rows = 1000;
const accounts = Math.min(statements, 100_000);

const folder = mkdtempSync(join(tmpdir(), 'kabinet-batches-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const database = makeDatabase('batches', folder, {
  KABINET__REDIS__URL: given('KABINET_TEST_REDIS_URL'),
  KABINET__GRAPHQL__BUDGET_PER_CLIENT: '1000000000',
});
loadRegisters(database, folder, 20, 1);
const { id: clientId, secret } = addProgram(database, 'IMPORT');

const server = await start([], database.settings);

async function token() {
  const answer = await fetch(`http://127.0.0.1:${server.port}/oauth/token`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: 'grant_type=client_credentials',
  });
  const body = await answer.json();
  if (!body.access_token) throw new Error(JSON.stringify(body));
  return body.access_token;
}

let bearer = await token();
const renewal = setInterval(async () => (bearer = await token()), 20 * 60_000);

async function send(name, input) {
  const type = `${name[0].toUpperCase()}${name.slice(1)}Input`;
  const query = `mutation($input: ${type}!) { ${name}(input: $input) { batch { batchId replayed newCount refusedCount } userErrors { code } } }`;
  const answer = await fetch(`http://127.0.0.1:${server.port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
    body: JSON.stringify({ query, variables: { input } }),
  });
  const body = await answer.json();
  const batch = body.data?.[name]?.batch;
  if (!batch) throw new Error(JSON.stringify(body));
  return batch;
}

const number = (n) => `50${String(n).padStart(8, '0')}`;
const money = (kopecks) => `${Math.trunc(kopecks / 100)}.${String(kopecks % 100).padStart(2, '0')}`;
const amount = 73_28;

const month = (nth) => {
  const at = new Date(Date.UTC(2000, nth, 1));
  return at.toISOString().slice(0, 7);
};

function statement(account, nth) {
  const accrued = amount * lines;
  return {
    account: number(account),
    opening: money(accrued * nth),
    accrued: money(accrued),
    recalculated: '0',
    penalty: '0',
    paid: '0',
    closing: money(accrued * (nth + 1)),
    issuedAt: `${month(nth + 1)}-01T06:00:00Z`,
    lines: Array.from({ length: lines }, (_, line) => ({
      serviceCode: `service-${line}`,
      serviceName: 'Газоснабжение природным газом',
      volume: '10',
      unit: 'CUBIC_METRE',
      price: '7.328',
      amount: money(amount),
      basis: 'METER',
    })),
  };
}

/** Several senders; `next` gives the work of one batch, or nothing any more. */
async function all(next) {
  const began = performance.now();
  const sender = async () => {
    for (let work = next(); work; work = next()) await work();
  };
  await Promise.all(Array.from({ length: atOnce }, sender));
  return (performance.now() - began) / 1000;
}

const peak = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

let from = 0;
const made = await all(() => {
  if (from >= accounts) return undefined;
  const first = from;
  from += rows;
  const chunk = Array.from({ length: Math.min(rows, accounts - first) }, (_, n) => ({ number: number(first + n), attachable: true }));
  return async () => {
    const batch = await send('importPersonalAccounts', { batchKey: `accounts ${first}`, accounts: chunk });
    if (batch.newCount !== chunk.length) throw new Error(JSON.stringify(batch));
  };
});
console.log(`${accounts} accounts: ${Math.round(accounts / made)} rows/s`);

let sent = 0;
let seconds = 0;
for (let nth = 0; sent < statements; nth += 1) {
  // A month builds on the one before: all of it is in before the next begins.
  const most = Math.min(accounts, statements - sent);
  let at = 0;
  seconds += await all(() => {
    if (at >= most) return undefined;
    const first = at;
    at += rows;
    const chunk = Array.from({ length: Math.min(rows, most - first) }, (_, n) => statement(first + n, nth));
    return async () => {
      const batch = await send('importStatements', { batchKey: `${month(nth)} ${first}`, period: month(nth), statements: chunk });
      if (batch.newCount !== chunk.length) throw new Error(JSON.stringify(batch));
    };
  });
  sent += most;
  console.log(`${sent} statements: ${Math.round(sent / seconds)} rows/s, peak memory ${peak().toFixed(0)} MiB`);
}

const chunk = Array.from({ length: Math.min(rows, accounts) }, (_, n) => statement(n, 0));
const again = await send('importStatements', { batchKey: `${month(0)} 0`, period: month(0), statements: chunk });
const stored = Number(database.psql(`SELECT count(*) FROM statements WHERE issued_at < '2026-01-01'`));
console.log(`a batch sent again is ${again.replayed ? 'answered as at first' : 'TAKEN AGAIN'}; ${stored} statements are stored`);
clearInterval(renewal);
await server.stop();
database.drop();
process.exit(again.replayed ? 0 : 1);
