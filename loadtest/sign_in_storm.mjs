// What sign-ins cost: how many a second against the hash's own limit, and what a storm of them does to people who read.
//
//   make sign-in-storm         (or node loadtest/sign_in_storm.mjs [SECONDS] [SIGN_INS_AT_ONCE])
//
// Four phases of SECONDS each: argon2id alone on every processor; a few sign-ins at once; reads of `viewer` by signed-in
// people; the same reads during the storm. Load generator and server share the machine. KABINET and ARGON2 name other
// binaries than those of the release build.

import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { connect, start } from './server.mjs';

const READERS = 8;
// Milliseconds after which one who was told to come later does so.
const PAUSE = 1000;
const demo = { email: 'demo@kabinet.example', password: 'teplo-i-svet-2026' };
const signIn = 'mutation($i: SignInInput!) { signIn(input: $i) { token userErrors { code } } }';
const viewer = '{ viewer { id email } }';

/** Does it again and again, so many at once, until the time is up. */
async function repeat(atOnce, seconds, act) {
  const until = Date.now() + seconds * 1000;
  const one = async () => {
    while (Date.now() < until) await act();
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}

async function signIns(port, atOnce, seconds) {
  const { post } = connect(port);
  const count = { done: 0, busy: 0 };
  await repeat(atOnce, seconds, async () => {
    const { text } = await post(signIn, { i: demo });
    const answer = JSON.parse(text);
    if (answer.data?.signIn?.token) count.done++;
    else if (['UNAVAILABLE', 'RATE_LIMITED'].includes(answer.errors?.[0]?.extensions?.code)) {
      count.busy++;
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    } else throw new Error(text);
  });
  return count;
}

async function reads(port, tokens, seconds) {
  const { post } = connect(port);
  const [taken, count] = [[], { refused: 0 }];
  let turn = 0;
  await repeat(READERS, seconds, async () => {
    const token = tokens[turn++ % tokens.length];
    const before = process.hrtime.bigint();
    const { text } = await post(viewer, {}, token);
    const milliseconds = Number(process.hrtime.bigint() - before) / 1e6;
    if (JSON.parse(text).data?.viewer) taken.push(milliseconds);
    else count.refused++;
  });
  taken.sort((a, b) => a - b);
  const quantile = (part) => taken[Math.min(taken.length - 1, Math.floor(taken.length * part))] ?? NaN;
  return { ...count, done: taken.length, p50: quantile(0.5), p99: quantile(0.99) };
}

async function main() {
  const [seconds = 10, atOnce = 500] = process.argv.slice(2).map(Number);
  const processors = availableParallelism();
  // The defaults of identity.argon2_*.
  const parameters = ['19456', '2', '1', String(processors), String(seconds)];
  const argon2 = process.env.ARGON2 ?? 'target/release/examples/argon2';
  const limit = Number(execFileSync(argon2, parameters, { encoding: 'utf8' }));
  console.log(`argon2id alone on ${processors} processors: ${limit} hashes/s`);

  const server = await start(['--demo']);
  const tokens = [];
  for (let reader = 0; reader < READERS; reader++) tokens.push((await server.ask(signIn, { i: demo })).signIn.token);
  const few = await signIns(server.port, 2 * processors, seconds);
  const perSecond = few.done / seconds;
  console.log(`sign-ins, ${2 * processors} at once: ${perSecond.toFixed(1)}/s, ${((100 * perSecond) / limit).toFixed(0)} % of the hash's limit`);

  const show = (title, { done, refused, p50, p99 }) =>
    console.log(`${title}: ${(done / seconds).toFixed(0)}/s, p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, refused ${refused}`);
  const calm = await reads(server.port, tokens, seconds);
  show('reads without a storm', calm);
  const storm = new Worker(new URL(import.meta.url), { workerData: { port: server.port, atOnce, seconds: seconds + 2 } });
  const stormed = new Promise((resolve, reject) => storm.once('message', resolve).once('error', reject));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const stormy = await reads(server.port, tokens, seconds);
  const { done, busy } = await stormed;
  show(`reads during ${atOnce} sign-ins at once`, stormy);
  console.log(`the storm: ${(done / (seconds + 2)).toFixed(1)} sign-ins/s, told to come later: ${busy}`);
  const change = (one, other) => `${one > other ? '+' : ''}${(100 * (one / other - 1)).toFixed(0)} %`;
  console.log(`the storm's effect: p50 ${change(stormy.p50, calm.p50)}, p99 ${change(stormy.p99, calm.p99)}`);
  await server.stop();
  process.exit(0);
}

if (isMainThread) await main();
else parentPort.postMessage(await signIns(workerData.port, workerData.atOnce, workerData.seconds));
