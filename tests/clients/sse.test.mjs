// The public client of GraphQL over server-sent events (npm graphql-sse), in the mode of distinct connections.
import assert from 'node:assert/strict';
import test from 'node:test';
import { createClient } from 'graphql-sse';
import { Collected, account, ask, balances, endpoint, pay, restartServer, signIn, version } from './customer.mjs';

const PATIENCE = { timeout: 30_000 };

function client(token, options) {
  return createClient({ url: endpoint, retryAttempts: 0, headers: token ? { authorization: `Bearer ${token}` } : {}, ...options });
}

function versions(collected) {
  return collected.events.map(({ data }) => data.balanceUpdated.balance.version);
}

/** Follows the balance from now on: a stream of all events, of which those so far have been taken away. */
async function follow(token, options = {}) {
  const before = await version(token) + 1;
  await pay(token);
  const own = client(token, options);
  const live = new Collected();
  const variables = { ids: [account], after: '' };
  const { next, ...others } = live.sink;
  own.subscribe({ query: balances, variables }, {
    ...others,
    next(event) {
      // graphql-sse sends the request again as it is then: so the cursor is always the last one.
      if (event.data) variables.after = event.data.balanceUpdated.cursor;
      next(event);
    },
  });
  await live.until(({ events, failure }) => failure || (events.length && versions(live).at(-1) === before));
  assert.equal(live.failure, null);
  live.events.length = 0;
  return { own, live, before };
}

test('queries, refusals and mutations over streams', PATIENCE, async () => {
  const own = client();
  const ask = async (query) => {
    const collected = new Collected();
    own.subscribe({ query }, collected.sink);
    await collected.until(({ ended, failure }) => ended || failure);
    assert.equal(collected.failure, null);
    return collected.events;
  };
  const [answer, ...more] = await ask('{ __typename }');
  assert.deepEqual([answer.data, answer.extensions.cost.requested > 0, more], [{ __typename: 'Query' }, true, []]);
  for (const [query, code] of [['{', 'BAD_INPUT'], ['{ nonsense }', 'BAD_INPUT'], [balances, 'UNAUTHENTICATED']]) {
    const [answer, ...others] = await ask(query);
    assert.equal(answer.errors[0].extensions.code, code);
    assert.equal('data' in answer, false);
    assert.deepEqual(others, []);
  }
});

test('events come as they happen', PATIENCE, async () => {
  const token = await signIn();
  const { own, live, before } = await follow(token);
  await pay(token);
  await pay(token);
  await live.until(({ events, failure }) => failure || events.length === 2);
  assert.deepEqual(versions(live), [before + 1, before + 2]);
  own.dispose();
});

test('a sign-out ends the stream and says why', PATIENCE, async () => {
  const token = await signIn();
  const { live } = await follow(token);
  await ask('mutation { signOut { signedOut } }', {}, token);
  await live.until(({ ended, failure }) => ended || failure);
  assert.equal(live.failure, null);
  assert.equal(live.events.at(-1).errors[0].extensions.code, 'UNAUTHENTICATED');
});

test('over a restart of the server the client comes back and goes on', PATIENCE, async () => {
  const token = await signIn();
  const retry = () => new Promise((resolve) => setTimeout(resolve, 100));
  const { own, live, before } = await follow(token, { retryAttempts: 100, retry });
  await restartServer();
  await pay(token);
  await live.until(({ events, failure }) => failure || events.length === 1);
  assert.deepEqual(versions(live), [before + 1]);
  own.dispose();
});

test('Last-Event-ID goes on behind the event, as an EventSource asks for it', PATIENCE, async () => {
  const token = await signIn();
  const before = await version(token);
  await pay(token);
  const open = async (headers) => {
    const url = new URL(endpoint);
    url.searchParams.set('query', balances);
    url.searchParams.set('variables', JSON.stringify({ ids: [account], after: '' }));
    const response = await fetch(url, { headers: { accept: 'text/event-stream', authorization: `Bearer ${token}`, ...headers } });
    assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
    return response.body.pipeThrough(new TextDecoderStream()).getReader();
  };
  /** Reads until the event of this version; its id. */
  const idOf = async (reader, wanted) => {
    let text = '';
    for (;;) {
      for (const event of text.split('\n\n').slice(0, -1)) {
        const data = event.match(/^data: (.*)$/m)?.[1];
        const found = data && JSON.parse(data).data.balanceUpdated;
        if (found?.balance.version === wanted) {
          assert.equal(event.match(/^id: (.*)$/m)[1], found.cursor);
          return { id: found.cursor, text };
        }
      }
      const { value, done } = await reader.read();
      assert.ok(!done, 'the stream ended');
      text += value;
    }
  };
  const first = await open({});
  const { id } = await idOf(first, before + 1);
  await first.cancel();
  await pay(token);
  const second = await open({ 'last-event-id': id });
  const { text } = await idOf(second, before + 2);
  assert.equal(text.match(/^event: next$/mg).length, 1, 'what was seen does not come again');
  await second.cancel();
});
