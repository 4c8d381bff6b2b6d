// Memory of idle WebSockets: opens COUNT of them against a server started for it, each acknowledged for a signed-in
// person, and prints what the server's resident memory grew by for each. With the name of a subscription each follows it.
//
//   make idle-sockets          (or node loadtest/idle_sockets.mjs [COUNT [balanceUpdated|meterReadingUpdated]])

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import WebSocket from 'ws';

const count = Number(process.argv[2] ?? 10000);
const followed = process.argv[3];
const atOnce = 200;
const port = await new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});
const folder = mkdtempSync(join(tmpdir(), 'kabinet-idle-'));
const kabinet = spawn(process.env.KABINET ?? 'target/release/kabinet', ['serve', '--demo'], {
  env: {
    ...process.env,
    KABINET__DATA_DIR: folder,
    KABINET__HTTP__LISTEN: `127.0.0.1:${port}`,
    KABINET__HTTP__PUBLIC_URL: `http://127.0.0.1:${port}`,
    // What each opens costs points of the minute.
    KABINET__GRAPHQL__BUDGET_PER_PERSON: '1000000000',
    KABINET__GRAPHQL__BUDGET_PER_ADDRESS: '1000000000',
    KABINET__HTTP__MAX_CONNECTIONS: String(count + 100),
    KABINET__HTTP__MAX_LIVE_PER_SESSION: String(count),
    KABINET__HTTP__MAX_LIVE_PER_ADDRESS: String(count + 100),
    KABINET__HTTP__MAX_CONNECTIONS_PER_ADDRESS: String(count + 100),
  },
  stdio: ['ignore', 'ignore', 'inherit'],
});
kabinet.on('exit', (code) => {
  console.error(`the server ended with ${code}`);
  process.exit(1);
});
process.on('exit', () => {
  kabinet.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const base = `http://127.0.0.1:${port}`;
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
while (!(await fetch(`${base}/health/ready`).then((answer) => answer.ok, () => false))) await pause(100);
const answer = await fetch(`${base}/graphql`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    query: 'mutation($i: SignInInput!) { signIn(input: $i) { token } }',
    variables: { i: { email: 'demo@kabinet.example', password: 'teplo-i-svet-2026' } },
  }),
});
const { token } = (await answer.json()).data.signIn;

const resident = () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${kabinet.pid}/status`, 'utf8'))[1]);

const open = () =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws');
    socket.on('open', () =>
      socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } })),
    );
    socket.on('message', (data) => {
      const { type } = JSON.parse(data);
      if (type === 'ping') socket.send(JSON.stringify({ type: 'pong' }));
      if (type === 'connection_ack') {
        if (followed) socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: `subscription { ${followed} { cursor } }` } }));
        resolve(socket);
      }
      if (type === 'error') reject(new Error(String(data)));
    });
    socket.on('error', reject);
    socket.on('close', (code) => reject(new Error(`closed with ${code} after ${sockets.length} sockets`)));
  });

const sockets = await Promise.all(Array.from({ length: Math.min(atOnce, count) }, open));
if (followed) await pause(2000);
const before = resident();
const warm = sockets.length;
while (sockets.length < count) {
  sockets.push(...(await Promise.all(Array.from({ length: Math.min(atOnce, count - sockets.length) }, open))));
}
if (followed) await pause(10_000);
const after = resident();
console.log(`${sockets.length} sockets${followed ? `, each with ${followed}` : ''}: ${(after / 1024).toFixed(0)} MiB resident, ${((after - before) / (count - warm)).toFixed(1)} KiB each`);
process.exit(0);
