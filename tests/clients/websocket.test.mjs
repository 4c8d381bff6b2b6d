// The public client of graphql-transport-ws (npm graphql-ws), as applications use it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { Collected, account, ask, balances, pay, restartServer, signIn, socketEndpoint, version } from './customer.mjs';

const PATIENCE = { timeout: 30_000 };

function client(options) {
  return createClient({ url: socketEndpoint, webSocketImpl: WebSocket, retryAttempts: 0, ...options });
}

function versions(collected) {
  return collected.events.map(({ data }) => data.balanceUpdated.balance.version);
}

/** The cursor of a change made now. */
async function position(token) {
  const next = await version(token) + 1;
  await pay(token);
  const own = client({ connectionParams: { authorization: `Bearer ${token}` } });
  const collected = new Collected();
  own.subscribe({ query: balances, variables: { ids: [account], after: '' } }, collected.sink);
  await collected.until(({ failure }) => failure || versions(collected).at(-1) === next);
  assert.equal(collected.failure, null);
  await own.dispose();
  return collected.events.at(-1).data.balanceUpdated.cursor;
}

test('a query, a refusal and a subscription over one socket', PATIENCE, async () => {
  const own = client({ lazy: false });
  const asked = new Collected();
  own.subscribe({ query: '{ __typename }' }, asked.sink);
  await asked.until(({ ended }) => ended);
  assert.deepEqual(asked.events.map(({ data }) => data), [{ __typename: 'Query' }]);

  const misspelt = new Collected();
  own.subscribe({ query: '{ nonsense }' }, misspelt.sink);
  await misspelt.until(({ failure }) => failure);
  assert.equal(misspelt.failure[0].extensions.code, 'BAD_INPUT');

  const anonymous = new Collected();
  own.subscribe({ query: balances }, anonymous.sink);
  await anonymous.until(({ failure, events }) => failure || events.length);
  assert.equal(anonymous.failure?.[0].extensions.code, 'UNAUTHENTICATED');
  await own.dispose();
});

test('a subscription is resumed behind its cursor: nothing lost, nothing twice', PATIENCE, async () => {
  const token = await signIn();
  const params = { connectionParams: { authorization: `Bearer ${token}` } };
  const after = await position(token);
  const before = await version(token);
  const first = client(params);
  const seen = new Collected();
  first.subscribe({ query: balances, variables: { ids: [account], after } }, seen.sink);
  await pay(token);
  await seen.until(({ events, failure }) => failure || events.length === 1);
  assert.deepEqual(versions(seen), [before + 1]);
  first.terminate();

  await pay(token);
  await pay(token);
  const second = client(params);
  const resumed = new Collected();
  const { cursor } = seen.events[0].data.balanceUpdated;
  second.subscribe({ query: balances, variables: { ids: [account], after: cursor } }, resumed.sink);
  await resumed.until(({ events, failure }) => failure || events.length === 2);
  assert.deepEqual(versions(resumed), [before + 2, before + 3]);
  await second.dispose();
});

test('the server answers pings', PATIENCE, async () => {
  let answered;
  const pong = new Promise((resolve) => { answered = resolve; });
  const own = client({ lazy: false, keepAlive: 100, on: { pong: (received) => received && answered() } });
  await pong;
  await own.dispose();
});

test('who may not come in is told so', PATIENCE, async () => {
  const own = client({ connectionParams: { authorization: 'Bearer sess_of_nobody' } });
  const refused = new Collected();
  own.subscribe({ query: balances }, refused.sink);
  await refused.until(({ failure }) => failure);
  assert.equal(refused.failure.code, 4403);
});

test('a sign-out ends the socket', PATIENCE, async () => {
  const token = await signIn();
  const own = client({ connectionParams: { authorization: `Bearer ${token}` } });
  const live = new Collected();
  let connected;
  const open = new Promise((resolve) => { connected = resolve; });
  own.on('connected', connected);
  own.subscribe({ query: balances, variables: { ids: [account] } }, live.sink);
  await open;
  await ask('mutation { signOut { signedOut } }', {}, token);
  await live.until(({ failure }) => failure);
  assert.equal(live.failure.code, 4403);
});

test('over a restart of the server the client comes back and goes on', PATIENCE, async () => {
  const token = await signIn();
  const after = await position(token);
  const before = await version(token);
  const closed = [];
  const own = client({
    connectionParams: { authorization: `Bearer ${token}` },
    retryAttempts: 100,
    // By itself graphql-ws comes back after a close, but not when nobody listens yet.
    shouldRetry: () => true,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 100)),
    on: { closed: ({ code }) => closed.push(code) },
  });
  // graphql-ws sends the payload again as it is then: so the cursor is always the last one.
  const variables = { ids: [account], after };
  const live = new Collected();
  const { next, ...others } = live.sink;
  own.subscribe({ query: balances, variables }, {
    ...others,
    next(event) {
      variables.after = event.data.balanceUpdated.cursor;
      next(event);
    },
  });
  await pay(token);
  await live.until(({ events, failure }) => failure || events.length === 1);
  await restartServer();
  await pay(token);
  await live.until(({ events, failure }) => failure || events.length === 2);
  assert.equal(live.failure, null);
  assert.deepEqual(versions(live), [before + 1, before + 2]);
  assert.equal(closed[0], 1001, 'the server said that it goes away');
  await own.dispose();
});
