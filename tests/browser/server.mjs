// A kabinet with demonstration data on a free port, gone when the test ends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const DEMO = { email: 'demo@kabinet.example', password: 'teplo-i-svet-2026' };

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

export async function startKabinet(binary) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const folder = await mkdtemp(join(tmpdir(), 'kabinet-browser-'));
  const env = {
    KABINET__DATA_DIR: folder,
    KABINET__HTTP__LISTEN: `127.0.0.1:${port}`,
    KABINET__HTTP__PUBLIC_URL: url,
    KABINET__WORKER__POLL_SECONDS: '1',
  };
  const child = spawn(binary, ['serve', '--demo'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (text) => { log += text; });
  const ended = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  for (;;) {
    const ready = await fetch(`${url}/health/ready`).then((answer) => answer.ok, () => false);
    if (ready) return { url, stop };
    if (child.exitCode !== null) throw new Error(`kabinet ended: ${log}`);
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
}

/** Asks the server directly, as another client would. */
export function client(url) {
  let token;
  const ask = async (query, variables) => {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
    const answer = await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
    const { data, errors } = await answer.json();
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  };
  return {
    /** Sets up a second factor and confirms it with the code of the step that `codeOf(secret)` gives. */
    async enableTwoFactor(codeOf) {
      const stepUp = { password: DEMO.password };
      const begin = 'mutation($input: BeginTwoFactorInput!) { beginTwoFactor(input: $input) { secret userErrors { code } } }';
      const { beginTwoFactor: { secret } } = await ask(begin, { input: { stepUp } });
      const confirm = 'mutation($input: ConfirmTwoFactorInput!) { confirmTwoFactor(input: $input) { recoveryCodes userErrors { code } } }';
      const { confirmTwoFactor } = await ask(confirm, { input: { code: codeOf(secret) } });
      if (confirmTwoFactor.userErrors.length) throw new Error(JSON.stringify(confirmTwoFactor.userErrors));
      return confirmTwoFactor.recoveryCodes;
    },
    async signIn() {
      const query = 'mutation($input: SignInInput!) { signIn(input: $input) { token } }';
      ({ signIn: { token } } = await ask(query, { input: DEMO }));
    },
    /** Pays 100 roubles towards the first account, the bank's page included. */
    async pay() {
      const { viewer } = await ask('{ viewer { personalAccounts(first: 1) { edges { node { id } } } } }');
      const input = { personalAccountId: viewer.personalAccounts.edges[0].node.id, amount: { custom: '100.00' }, idempotencyKey: 'browser' };
      const query = 'mutation($input: StartPaymentInput!) { startPayment(input: $input) { payment { confirmationUrl } userErrors { code } } }';
      const { startPayment } = await ask(query, { input });
      if (startPayment.userErrors.length) throw new Error(JSON.stringify(startPayment.userErrors));
      await fetch(startPayment.payment.confirmationUrl, {
        method: 'POST',
        redirect: 'manual',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'outcome=pay',
      });
    },
  };
}
