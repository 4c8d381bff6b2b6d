// Follows balances by server-sent events, and goes on behind the last event whenever the stream breaks off:
//
//   node examples/follow-sse.mjs --url http://127.0.0.1:8080 --token token_…
//
// With `--state FILE` also when the program itself was stopped: the file holds the cursor. A browser's EventSource goes on by
// itself. Needs nothing but Node 20.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';

const { values: { url, token, state } } = parseArgs({
  options: { url: { type: 'string', default: 'http://127.0.0.1:8080' }, token: { type: 'string' }, state: { type: 'string' } },
});
const query = `subscription {
  balanceUpdated {
    occurredAt
    personalAccount { number provider { name } }
    balance { owed { amount } credit { amount } }
    cause { kind amount { amount } }
  }
}`;

let last = state && existsSync(state) ? readFileSync(state, 'utf8') : null;
let finished = false;
while (!finished) {
  try {
    for await (const { id, event, data } of events()) {
      if (event === 'complete') finished = true;
      if (event === 'next') show(JSON.parse(data));
      if (id) {
        last = id;
        if (state) writeFileSync(state, id);
      }
    }
  } catch (error) {
    console.error(`broken off: ${error.message}`);
  }
  if (!finished) await pause(1000);
}

async function* events() {
  const response = await fetch(new URL('/graphql', url), {
    method: 'POST',
    headers: {
      accept: 'text/event-stream',
      'content-type': 'application/json',
      ...(token && { authorization: `Bearer ${token}` }),
      ...(last && { 'last-event-id': last }),
    },
    body: JSON.stringify({ query }),
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
  let text = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop();
    for (const block of blocks) yield fields(block);
  }
}

// Comments, such as the one that comes every 15 seconds, begin with a colon.
function fields(block) {
  const lines = block.split('\n').filter((line) => !line.startsWith(':'));
  return Object.fromEntries(lines.map((line) => [line.split(':', 1)[0], line.replace(/^[^:]*: ?/, '')]));
}

function show({ data, errors }) {
  if (errors) return console.error(errors.map(({ message }) => message).join('; '));
  const { occurredAt, personalAccount: { number, provider }, balance: { owed, credit }, cause } = data.balanceUpdated;
  console.log(`${occurredAt}  ${provider.name} ${number}  ${cause.kind} ${cause.amount.amount}: owed ${owed.amount}, credit ${credit.amount}`);
}
