// Whether the time of an answer tells that an address is known: registration, password reset and sign-in for known and
// unknown addresses in turns, by chance which comes first, one request at a time.
//
//   make timing                (or node loadtest/timing.mjs [SAMPLES] [SAMPLES_WITH_THE_REAL_HASH])
//
// Prints means, their difference, and the Kolmogorov-Smirnov distance of the two samples with what it must not exceed
// at a level of 1 %. Known addresses are confirmed ones. KABINET names another binary than target/release/kabinet.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { start } from './server.mjs';

const [samples = 5000, real = 300] = process.argv.slice(2).map(Number);
const password = 'correct horse 42';
const cheap = { KABINET__IDENTITY__ARGON2_MEMORY_KIB: '64', KABINET__IDENTITY__ARGON2_PASSES: '1' };

const acts = {
  'sign-in': {
    query: 'mutation($i: SignInInput!) { act: signIn(input: $i) { userErrors { code } } }',
    input: (email) => ({ email, password: 'a wrong password 7' }),
    expected: 'BAD_CREDENTIALS',
  },
  'password reset': {
    query: 'mutation($i: RequestPasswordResetInput!) { act: requestPasswordReset(input: $i) { userErrors { code } } }',
    input: (email) => ({ email }),
  },
  // The last: the unknown address is known after it.
  registration: {
    query: 'mutation($i: RegisterInput!) { act: register(input: $i) { userErrors { code } } }',
    input: (email, agreements) => ({ email, password, acceptedAgreements: agreements }),
  },
};

async function does(server, name, email, agreements) {
  const { query, input, expected } = acts[name];
  const variables = { i: input(email, agreements) };
  const before = process.hrtime.bigint();
  const data = await server.ask(query, variables);
  const taken = Number(process.hrtime.bigint() - before) / 1e6;
  const code = data.act.userErrors[0]?.code;
  if (code !== expected) throw new Error(`${name} of ${email}: ${code}`);
  return taken;
}

/** Registers and confirms; the letters lie in the server's folder. */
async function settle(server, emails, agreements) {
  for (const email of emails) await does(server, 'registration', email, agreements);
  const folder = join(server.folder, 'mail');
  const tokens = new Map();
  const read = new Set();
  while (tokens.size < emails.length) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    for (const file of readdirSync(folder).filter((file) => /^[^.].*\.json$/.test(file) && !read.has(file))) {
      const letter = readFileSync(join(folder, file), 'utf8');
      const token = /token=([\w-]+)/.exec(letter)?.[1];
      if (!token) continue;
      read.add(file);
      tokens.set(file, token);
    }
  }
  const query = 'mutation($i: ConfirmEmailInput!) { confirmEmail(input: $i) { userErrors { code } } }';
  for (const token of tokens.values()) {
    const [error] = (await server.ask(query, { i: { token } })).confirmEmail.userErrors;
    if (error) throw new Error(`not confirmed: ${error.code}`);
  }
}

const mean = (list) => list.reduce((sum, value) => sum + value, 0) / list.length;

/** The greatest distance between the two samples' distribution functions. */
function distance(one, other) {
  const [a, b] = [one, other].map((list) => Float64Array.from(list).sort());
  let [i, j, most] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const value = Math.min(a[i], b[j]);
    while (a[i] <= value) i++;
    while (b[j] <= value) j++;
    most = Math.max(most, Math.abs(i / a.length - j / b.length));
  }
  return most;
}

async function run(title, count, settings) {
  const server = await start([], settings);
  const { agreements } = await server.ask('{ agreements { id } }', {});
  const ids = agreements.map(({ id }) => id);
  const address = (kind, number) => `${kind}${String(number).padStart(6, '0')}@example.com`;
  await settle(server, Array.from({ length: count }, (_, number) => address('known', number)), ids);
  const taken = Object.fromEntries(Object.keys(acts).map((name) => [name, { known: [], fresh: [] }]));
  for (let number = 0; number < count; number++) {
    for (const name of Object.keys(acts)) {
      const kinds = Math.random() < 0.5 ? ['known', 'fresh'] : ['fresh', 'known'];
      for (const kind of kinds) taken[name][kind].push(await does(server, name, address(kind, number), ids));
    }
  }
  await server.stop();
  // Smirnov's limit for two samples of one size at a level of 1 %.
  const critical = 1.628 * Math.sqrt(2 / count);
  console.log(`${title}, ${count} samples each`);
  for (const [name, { known, fresh }] of Object.entries(taken)) {
    const [k, u, d] = [mean(known), mean(fresh), distance(known, fresh)];
    console.log(
      `  ${name.padEnd(15)} known ${k.toFixed(3)} ms, unknown ${u.toFixed(3)} ms, difference ${(k - u).toFixed(3)} ms, ` +
        `KS ${d.toFixed(4)} (critical ${critical.toFixed(4)}): ${d > critical ? 'TOLD APART' : 'alike'}`,
    );
  }
}

await run('argon2id of 64 KiB, 1 pass', samples, cheap);
await run('argon2id as configured', real, {});
process.exit(0);
