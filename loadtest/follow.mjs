// Two instances on PostgreSQL and Redis behind nginx, many live subscriptions over both: how late changes come, what each
// costs, and whether one is missed, repeated or out of order, while connections break off, an instance is killed, and Redis
// is restarted.
//
//   make follow-figures           (or tests/services node loadtest/follow.mjs [SUBSCRIPTIONS [CHANGES [SECONDS [BREAKS]]]])
//
// Needs nginx beside what tests/services needs (Debian: nginx-light). A change is a statement that a provider's program
// imports, some at once, through either instance; each subscription follows two accounts over a WebSocket of its own and
// comes back with its cursor. In the middle of the run one instance is killed (SIGKILL) and started again; at three quarters
// Redis is. In the end every subscription must have come to the version that the account has.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import WebSocket from 'ws';
import { addProgram, fail, loadRegisters, makeDatabase } from './database.mjs';
import { freePort, start } from './server.mjs';

const [subscriptions = 2000, changes = 200, seconds = 520, breaks = 1000] = process.argv.slice(2).map(Number);
const ticks = 10; // batches a second
const tokens = 20;
const settle = 20_000; // around a disturbance, milliseconds
const perBatch = Math.max(1, Math.round(changes / ticks));
const accounts = Math.max(subscriptions, perBatch * 2);

const folder = mkdtempSync(join(tmpdir(), 'kabinet-follow-'));
const children = new Set();
process.on('exit', () => {
  children.forEach((child) => child.kill('SIGKILL'));
  rmSync(folder, { recursive: true, force: true });
});

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function child(command, args) {
  const process = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  process.on('error', (cause) => fail(`${command}: ${cause.message}`));
  children.add(process);
  return process;
}

// --- what is beside kabinet ------------------------------------------------------------------------------------------

const redisPort = await freePort();
const startRedis = () =>
  child('redis-server', ['--bind', '127.0.0.1', '--port', String(redisPort), '--save', '', '--appendonly', 'no', '--dir', folder]);
let redis = startRedis();

const ports = [await freePort(), await freePort()];
const proxyPort = await freePort();
writeFileSync(
  join(folder, 'nginx.conf'),
  // Bodies wait in our folder, which a worker under another name could not write.
  `${process.getuid() === 0 ? 'user root; ' : ''}daemon off; master_process off; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log crit;
worker_rlimit_nofile ${4 * subscriptions + 1000};
events { worker_connections ${4 * subscriptions + 500}; }
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  client_max_body_size 20m;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream kabinet { ${ports.map((port) => `server 127.0.0.1:${port} max_fails=1 fail_timeout=1s;`).join(' ')} keepalive 32; }
  server {
    listen 127.0.0.1:${proxyPort} backlog=4096;
    location / {
      proxy_pass http://kabinet; proxy_http_version 1.1; proxy_read_timeout 300s;
      proxy_set_header Host $http_host; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
    }
  }
}
`,
);
child('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')]);

// --- two instances ---------------------------------------------------------------------------------------------------

const many = String(4 * subscriptions + 1000);
const database = makeDatabase('follow', folder, {
  KABINET__DATABASE__MAX_CONNECTIONS: '20',
  KABINET__REDIS__URL: `redis://127.0.0.1:${redisPort}/`,
  KABINET__HTTP__PUBLIC_URL: `http://127.0.0.1:${proxyPort}`,
  KABINET__HTTP__MAX_CONNECTIONS: many,
  KABINET__HTTP__MAX_CONNECTIONS_PER_ADDRESS: many,
  KABINET__HTTP__MAX_LIVE_PER_SESSION: String(Math.min(10_000, 4 * subscriptions + 100)),
  KABINET__HTTP__MAX_LIVE_PER_ADDRESS: many,
  KABINET__GRAPHQL__BUDGET_PER_CLIENT: '1000000000',
});
loadRegisters(database, folder, 20, 1);
const { id: clientId, secret } = addProgram(database, 'BALANCES', 'IMPORT');

const started = (index) => start([], { ...database.settings, KABINET__HTTP__LISTEN: `127.0.0.1:${ports[index]}` }, ports[index]);
const servers = [await started(0), await started(1)];

const ticksOf = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return Number(fields[11]) + Number(fields[12]); // user and system, hundredths of a second
};
const memory = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

// --- through the proxy -----------------------------------------------------------------------------------------------

const base = `http://127.0.0.1:${proxyPort}`;

async function token() {
  const answer = await fetch(`${base}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: 'grant_type=client_credentials',
  });
  const body = await answer.json();
  return body.access_token ?? fail(JSON.stringify(body));
}

async function ask(query, variables, bearer) {
  const answer = await fetch(`${base}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
    body: JSON.stringify({ query, variables }),
  });
  const body = await answer.json();
  if (!body.data || body.errors) throw new Error(JSON.stringify(body));
  return body.data;
}

const bearers = [];
for (let n = 0; n < Math.min(tokens, subscriptions); n += 1) bearers.push(await token());
const [bearer] = bearers;
const number = (n) => `50${String(n).padStart(8, '0')}`;

for (let from = 0; from < accounts; from += 500) {
  const rows = Array.from({ length: Math.min(500, accounts - from) }, (_, n) => ({ number: number(from + n), attachable: true }));
  const query = 'mutation($input: ImportPersonalAccountsInput!) { importPersonalAccounts(input: $input) { batch { newCount } userErrors { code } } }';
  const data = await ask(query, { input: { batchKey: `accounts ${from}`, accounts: rows } }, bearer);
  if (data.importPersonalAccounts.batch?.newCount !== rows.length) fail(JSON.stringify(data));
}

/** Id and version of every account, by its number. */
async function standing() {
  const found = new Map();
  let after = null;
  do {
    const query = `query($after: String) { apiClient { personalAccounts(first: 100, after: $after) {
      pageInfo { hasNextPage endCursor } edges { node { id number balance { version } } } } } }`;
    const { personalAccounts } = (await ask(query, { after }, bearer)).apiClient;
    for (const { node } of personalAccounts.edges) found.set(node.number, { id: node.id, version: node.balance.version });
    after = personalAccounts.pageInfo.hasNextPage ? personalAccounts.pageInfo.endCursor : null;
  } while (after);
  return found;
}

const { cursor: beginning } = (await ask('{ apiClient { cursor } }', {}, bearer)).apiClient;
const before = await standing();

// --- subscriptions ---------------------------------------------------------------------------------------------------

const SUBSCRIPTION = `subscription($ids: [ID!], $after: String) { balanceUpdated(personalAccountIds: $ids, after: $after) {
  cursor personalAccount { number } balance { version } } }`;
/** By account: when the batch of each of its changes was sent, answered, and whether all was quiet. */
const made = new Map();
const counts = { delivered: 0, missed: 0, repeated: 0, disordered: 0, connections: 0, refused: 0 };
const late = { all: [], quiet: [] };
let disturbed = 0;
let stopping = false;

class Follower {
  constructor(index) {
    this.bearer = bearers[index % bearers.length];
    this.numbers = [number(index), number((index + 1) % accounts)];
    this.versions = new Map(this.numbers.map((name) => [name, before.get(name).version]));
    this.cursor = beginning;
  }

  open() {
    return new Promise((resolve) => {
      counts.connections += 1;
      const socket = new WebSocket(`ws://127.0.0.1:${proxyPort}/graphql`, 'graphql-transport-ws', { perMessageDeflate: false });
      this.socket = socket;
      const send = (message) => socket.send(JSON.stringify(message));
      socket.on('open', () => send({ type: 'connection_init', payload: { authorization: `Bearer ${this.bearer}` } }));
      socket.on('message', (data) => {
        const arrived = performance.now();
        const message = JSON.parse(data);
        if (message.type === 'ping') send({ type: 'pong' });
        if (message.type === 'connection_ack') {
          const ids = this.numbers.map((name) => before.get(name).id);
          send({ id: '1', type: 'subscribe', payload: { query: SUBSCRIPTION, variables: { ids, after: this.cursor } } });
          resolve();
        }
        if (message.type === 'next' && message.payload.data) this.hear(message.payload.data.balanceUpdated, arrived);
        else if (message.type === 'next' || message.type === 'error') {
          counts.refused += 1;
          socket.terminate();
        }
      });
      socket.on('error', () => {});
      socket.on('close', async () => {
        if (stopping) return;
        await pause(100 + Math.random() * 400);
        if (!stopping) resolve(this.open());
      });
    });
  }

  hear({ cursor, personalAccount: { number: name }, balance: { version } }, arrived) {
    const last = this.versions.get(name);
    if (version === last + 1) this.versions.set(name, version);
    else if (version <= last) counts.repeated += 1;
    else {
      counts.missed += version - last - 1;
      this.versions.set(name, version);
    }
    if (version < last) counts.disordered += 1;
    this.cursor = cursor;
    counts.delivered += 1;
    const batch = made.get(name)?.[version - before.get(name).version - 1];
    if (!batch) return;
    // What comes before the answer has come is not late.
    const figures = [arrived - batch.sent, Math.max(0, arrived - (batch.answered ?? arrived))];
    late.all.push(figures);
    if (batch.sent > disturbed + settle) late.quiet.push(figures);
  }
}

const followers = Array.from({ length: subscriptions }, (_, index) => new Follower(index));
for (let from = 0; from < followers.length; from += 50) {
  await Promise.all(followers.slice(from, from + 50).map((follower) => follower.open()));
}
await pause(3000);
console.log(`${subscriptions} subscriptions over both, ${servers.map(({ pid }) => memory(pid).toFixed(0)).join(' and ')} MiB resident`);

// --- changes ---------------------------------------------------------------------------------------------------------

const month = (nth) => new Date(Date.UTC(2000, nth, 1)).toISOString().slice(0, 7);
const IMPORT = 'mutation($input: ImportStatementsInput!) { importStatements(input: $input) { batch { newCount refusedCount } userErrors { code } } }';
let position = 0;
let failures = 0;
const running = new Set();
const rounds = Math.floor(accounts / perBatch);

async function change() {
  const nth = Math.floor(position / rounds);
  const first = (position % rounds) * perBatch;
  position += 1;
  const names = Array.from({ length: perBatch }, (_, n) => number(first + n));
  const statements = names.map((account) => ({
    account, opening: `${nth}.00`, accrued: '1.00', recalculated: '0', penalty: '0', paid: '0', closing: `${nth + 1}.00`,
    issuedAt: `${month(nth + 1)}-01T06:00:00Z`,
    lines: [{ serviceCode: 'gas', serviceName: 'Газ', volume: '1', unit: 'CUBIC_METRE', price: '1.00', amount: '1.00', basis: 'METER' }],
  }));
  const batch = { sent: performance.now(), answered: undefined };
  for (const name of names) made.set(name, [...(made.get(name) ?? []), batch]);
  for (let tries = 0; ; tries += 1) {
    try {
      // Under one key: what was done already is answered as at first.
      const data = await ask(IMPORT, { input: { batchKey: `${nth} ${first}`, period: month(nth), statements } }, bearer);
      if (data.importStatements.batch?.newCount !== perBatch) throw new Error(JSON.stringify(data));
      batch.answered = performance.now();
      return;
    } catch (cause) {
      failures += 1;
      if (tries === 100) fail(`a batch does not go through: ${cause}`);
      await pause(200);
    }
  }
}

/** The month before must be in before the next of the same accounts: a slow server makes the sender wait. */
const busy = new Map();
async function changeInTurn() {
  const place = position % rounds;
  const earlier = busy.get(place);
  if (earlier) await earlier;
  const work = change().finally(() => running.delete(work));
  busy.set(place, work);
  running.add(work);
}

let spent = 0; // hundredths of a second of instances that are gone
const cpuBefore = servers.map(({ pid }) => ticksOf(pid));
const began = performance.now();
const end = began + seconds * 1000;
const breaking = setInterval(() => followers[Math.floor(Math.random() * followers.length)].socket.terminate(), Math.max(1, (seconds * 1000) / Math.max(1, breaks)));

const disturbances = (async () => {
  await pause((seconds * 1000) / 2);
  disturbed = performance.now();
  spent += ticksOf(servers[1].pid) - cpuBefore[1];
  await servers[1].stop();
  await pause(2000);
  servers[1] = await started(1);
  cpuBefore[1] = 0;
  console.log(`an instance was killed, and was back after ${((performance.now() - disturbed) / 1000).toFixed(1)} s`);
  await pause((seconds * 1000) / 4 - (performance.now() - disturbed));
  disturbed = performance.now();
  children.delete(redis);
  redis.kill('SIGKILL');
  await pause(2000);
  redis = startRedis();
  console.log('Redis was killed, and started again after 2 s');
})();

for (let tick = 0; performance.now() < end; tick += 1) {
  await changeInTurn();
  await pause(Math.max(0, began + (tick + 1) * (1000 / ticks) - performance.now()));
}
const sentFor = (performance.now() - began) / 1000;
clearInterval(breaking);
await disturbances;
await Promise.all(running);

// --- the end ---------------------------------------------------------------------------------------------------------

const truth = await standing();
const behind = () => followers.reduce((sum, { versions }) => sum + [...versions].reduce((sum, [name, version]) => sum + (truth.get(name).version - version), 0), 0);
const patience = performance.now() + 60_000;
while (behind() > 0 && performance.now() < patience) await pause(200);
counts.missed += behind();
const cpu = (spent + servers.reduce((sum, { pid }, index) => sum + ticksOf(pid) - cpuBefore[index], 0)) * 10_000;
stopping = true;
followers.forEach(({ socket }) => socket.terminate());

const percentile = (values, share) => {
  if (values.length === 0) return 'none';
  return values[Math.min(values.length - 1, Math.floor(values.length * share))].toFixed(0);
};
const figures = (pairs) => {
  const [fromSent, fromAnswered] = [0, 1].map((index) => pairs.map((pair) => pair[index]).sort((a, b) => a - b));
  return `from the sending of the change p50 ${percentile(fromSent, 0.5)} ms, p99 ${percentile(fromSent, 0.99)} ms; from its answer p50 ${percentile(fromAnswered, 0.5)} ms, p99 ${percentile(fromAnswered, 0.99)} ms`;
};
const changed = [...truth.values()].reduce((sum, { version }) => sum + version, 0) - [...before.values()].reduce((sum, { version }) => sum + version, 0);
console.log(`${changed} changes in ${sentFor.toFixed(0)} s (${(changed / sentFor).toFixed(0)} a second), ${counts.delivered} events over ${counts.connections} connections; ${failures} batches sent again`);
console.log(`all: ${figures(late.all)}`);
console.log(`but for ${settle / 1000} s behind a disturbance: ${figures(late.quiet)}`);
console.log(`CPU of both instances: ${(cpu / counts.delivered).toFixed(0)} µs an event, importing included; ${servers.map(({ pid }) => memory(pid).toFixed(0)).join(' and ')} MiB resident`);
console.log(`${counts.missed} missed, ${counts.repeated} repeated, ${counts.disordered} out of order, ${counts.refused} subscriptions refused`);
process.exit(counts.missed + counts.repeated + counts.disordered > 0 ? 1 : 0);
