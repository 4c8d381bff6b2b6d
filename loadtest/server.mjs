// A kabinet of a benchmark's own, and requests to it over connections that are kept.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const binary = process.env.KABINET ?? 'target/release/kabinet';
// The budgets of a minute are meant to stop exactly this.
const unbraked = {
  KABINET__GRAPHQL__SIGN_INS_PER_ADDRESS: '1000000',
  KABINET__GRAPHQL__BUDGET_PER_ADDRESS: '1000000000',
  KABINET__GRAPHQL__BUDGET_PER_PERSON: '1000000000',
  KABINET__IDENTITY__SIGN_IN_FREE_TRIES: '1000',
  KABINET__IDENTITY__SIGN_IN_FREE_TRIES_PER_ADDRESS: '1000000',
  KABINET__CAPTCHA__DIFFICULTY: '0',
  KABINET__LOG__FILTER: 'error',
};

export const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

export async function start(args, settings = {}, port = undefined) {
  port ??= await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'kabinet-load-'));
  const kabinet = spawn(binary, ['serve', ...args], {
    env: {
      ...process.env,
      KABINET__DATA_DIR: folder,
      KABINET__HTTP__LISTEN: `127.0.0.1:${port}`,
      KABINET__HTTP__PUBLIC_URL: `http://127.0.0.1:${port}`,
      ...unbraked,
      ...settings,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  let stopping = false;
  const clear = () => {
    stopping = true;
    kabinet.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', clear);
  const ended = new Promise((resolve) => kabinet.once('exit', resolve));
  ended.then((code) => {
    if (stopping) return;
    console.error(`the server ended with ${code}`);
    process.exit(1);
  });
  const client = connect(port);
  while (!(await client.ready())) await new Promise((resolve) => setTimeout(resolve, 100));
  const stop = async () => {
    clear();
    process.removeListener('exit', clear);
    await ended;
  };
  return { port, folder, pid: kabinet.pid, stop, ...client };
}

export function connect(port) {
  const agent = new Agent({ keepAlive: true });
  const send = (path, method, headers, body) =>
    new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path, method, headers, agent }, (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('end', () => resolve({ status: answer.statusCode, text: Buffer.concat(parts).toString() }));
        answer.on('error', reject);
      });
      sent.on('error', reject);
      sent.end(body);
    });
  const post = (query, variables, token) => {
    const body = JSON.stringify({ query, variables });
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    if (token) headers.authorization = `Bearer ${token}`;
    return send('/graphql', 'POST', headers, body);
  };
  const ask = async (query, variables, token) => {
    const { status, text } = await post(query, variables, token);
    const answer = JSON.parse(text);
    if (answer.errors) throw new Error(`${status} ${text}`);
    return answer.data;
  };
  const ready = () => send('/health/ready', 'GET', {}).then((answer) => answer.status === 200, () => false);
  const form = (path, body) =>
    send(path, 'POST', { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) }, body);
  return { post, ask, form, ready };
}
