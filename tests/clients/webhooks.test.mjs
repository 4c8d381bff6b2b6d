// What the published library of Standard Webhooks (npm standardwebhooks) says of messages of a running server. It knows shared
// secrets only: signatures of pairs are verified by Node's own ed25519.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import test from 'node:test';
import { promisify } from 'node:util';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { account, pay, restartServer, signIn } from './customer.mjs';

const PATIENCE = { timeout: 60_000 };
const execute = promisify(execFile);

/** What an operator does beside the server; the rows of its CSV as arrays. */
async function operator(...args) {
  const { stdout } = await execute(process.env.KABINET_BINARY, ['webhooks', ...args]);
  return stdout.trim().split('\n').slice(1).map((line) => line.split(','));
}

/** A provider's server that keeps what comes and answers as it is told, at first 204. */
async function receiver() {
  const received = [];
  let wake = () => {};
  const own = {
    received,
    answer: () => 204,
    async until(count) {
      while (received.length < count) await new Promise((resolve) => { wake = resolve; });
    },
  };
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const message = { headers: request.headers, body: Buffer.concat(chunks).toString() };
    const status = own.answer(received.length);
    received.push(message);
    response.writeHead(status).end();
    wake();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  own.url = `http://127.0.0.1:${server.address().port}/hook`;
  own.close = () => { server.closeAllConnections(); server.close(); };
  return own;
}

function ed25519(key) {
  const x = Buffer.from(key.slice('whpk_'.length), 'base64').toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}

test('messages are verified, while keys are replaced too', PATIENCE, async () => {
  const own = await receiver();
  const [[webhook, first]] = await operator('add', process.env.KABINET_PROVIDER, own.url);
  const token = await signIn();
  await pay(token);
  await own.until(2);
  const told = own.received.map(({ headers, body }) => new Webhook(first).verify(body, headers));
  const [balance, payment] = told.sort((a, b) => a.type.localeCompare(b.type));
  assert.deepEqual([balance.type, payment.type], ['balance.changed', 'payment.status_changed']);
  assert.deepEqual(Object.keys(balance).sort(), ['data', 'timestamp', 'type']);
  assert.deepEqual([balance.data.accountId, payment.data.accountId, payment.data.status], [account, account, 'SUCCEEDED']);
  assert.ok(Math.abs(Date.parse(balance.timestamp) - Date.now()) < 60_000);

  // The old key and the new one sign beside each other, then a pair beside both.
  const [[, second]] = await operator('rotate', webhook);
  const [[, pair]] = await operator('rotate', webhook, '--key', 'ed25519');
  await pay(token);
  await own.until(4);
  for (const { headers, body } of own.received.slice(2)) {
    for (const key of [first, second]) assert.ok(new Webhook(key).verify(body, headers).type);
    const signature = headers['webhook-signature'].split(' ').find((text) => text.startsWith('v1a,')).slice(4);
    const signed = (text) => Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${text}`);
    const good = (text) => verify(null, signed(text), ed25519(pair), Buffer.from(signature, 'base64'));
    assert.deepEqual([good(body), good(`${body} `)], [true, false]);
    assert.throws(() => new Webhook(first).verify(`${body} `, headers), WebhookVerificationError);
  }
  // Without an overlap what was shown before is void.
  const [[, last]] = await operator('rotate', webhook, '--overlap-hours', '0');
  const [[status]] = await operator('ping', webhook);
  assert.equal(status, '204');
  const { headers, body } = own.received.at(-1);
  assert.equal(new Webhook(last).verify(body, headers).type, 'webhook.ping');
  for (const key of [first, second]) assert.throws(() => new Webhook(key).verify(body, headers), WebhookVerificationError);
  await operator('disable', webhook);
  own.close();
});

test('what was not taken comes again, over a restart too, under the same id', PATIENCE, async () => {
  const own = await receiver();
  const [[webhook, key]] = await operator('add', process.env.KABINET_PROVIDER, own.url, '--events', 'balance.changed');
  own.answer = (count) => (count === 0 ? 500 : 204);
  const token = await signIn();
  await pay(token);
  await own.until(1);
  await restartServer();
  await own.until(2);
  const [one, other] = own.received;
  assert.equal(one.headers['webhook-id'], other.headers['webhook-id']);
  assert.equal(one.body, other.body);
  for (const { headers, body } of own.received) assert.equal(new Webhook(key).verify(body, headers).type, 'balance.changed');
  const message = one.headers['webhook-id'];
  const attempts = async () => (await operator('log', webhook)).filter(([id]) => id === message);
  // The attempt is recorded a moment after its answer.
  while ((await attempts()).length < 2) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual((await attempts()).map((row) => row[4]), ['500', '204']);
  await operator('redeliver', message);
  await own.until(3);
  assert.equal(own.received[2].headers['webhook-id'], message);
  await operator('disable', webhook);
  own.close();
});
