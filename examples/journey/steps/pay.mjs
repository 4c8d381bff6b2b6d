import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { kopecks, net, shown } from '../decimal.mjs';
import { accepted, check, done, heading, waitFor } from '../report.mjs';

const OWN_AMOUNT = { custom: '100.00' };

export async function followPayments(api, account) {
  heading('A payment, and the balance by subscription');
  const before = await balanceOf(api, account);
  const live = await followBalance(api, account);
  done('subscribed to balanceUpdated');

  const first = await pay(api, account, net(before) > 0n ? { currentDebt: true } : OWN_AMOUNT);
  const seen = await waitFor('the event of the payment', () => live.paymentOf(first));
  check(net(seen.previous) - net(seen.balance) === first, 'the event does not show the payment as the change');
  check(net(before) - net(await balanceOf(api, account)) === first, 'paid twice at the bank, the sum must count once');
  done(`event: ${shown(net(seen.previous))} → ${shown(net(seen.balance))}, version ${seen.balance.version}`);

  heading('A break in the subscription');
  live.cut();
  const last = live.events.at(-1);
  done(`socket cut off after version ${last.balance.version}`);
  const second = await pay(api, account, OWN_AMOUNT);

  const resumed = await followBalance(api, account, last.cursor);
  await waitFor('the missed event', () => resumed.paymentOf(second));
  await pause(1000); // time for anything that would come twice
  resumed.cut();
  checkNothingLostOrRepeated(last, live.events, resumed.events);
  done(`reconnected after the cursor: ${resumed.events.length} missed event(s) received, nothing twice`);
}

async function pay(api, { id }, amount) {
  const input = { personalAccountId: id, amount, idempotencyKey: randomUUID() };
  const payment = await startPayment(api, input);
  const sum = kopecks(payment.amount);
  done(`payment of ${shown(sum)} started: ${payment.status}`);

  const again = await startPayment(api, input);
  check(again.id === payment.id, 'the same idempotency key started another payment');
  done('the same key gave the same payment');

  const page = new URL(payment.confirmationUrl, api.url);
  const answers = [await pressPay(page), await pressPay(page)];
  done(`the bank's "pay" pressed twice: HTTP ${answers.join(', ')}`);

  const paid = await waitFor('the payment to succeed', async () => {
    const { node } = await api.ask('query ($id: ID!) { node(id: $id) { ... on Payment { status paidAt } } }', { id: payment.id });
    check(node, 'the payment is not found by its id');
    check(['PENDING', 'SUCCEEDED'].includes(node.status), `the payment became ${node.status}`);
    return node.status === 'SUCCEEDED' && node;
  });
  done(`${paid.status} at ${paid.paidAt}`);
  return sum;
}

async function startPayment(api, input) {
  const { payment } = accepted((await api.ask(
    `mutation ($input: StartPaymentInput!) {
      startPayment(input: $input) {
        payment { id status amount { amount } confirmationUrl }
        userErrors { __typename code field message }
      }
    }`,
    { input },
  )).startPayment);
  return payment;
}

/** Plays the person at the sandbox bank's page. */
async function pressPay(page) {
  const { status } = await fetch(page, {
    method: 'POST',
    body: new URLSearchParams({ outcome: 'pay' }),
    redirect: 'manual',
  });
  check(status < 400, `the bank's page answered ${status}`);
  return status;
}

async function balanceOf(api, { id }) {
  const { node } = await api.ask(
    'query ($id: ID!) { node(id: $id) { ... on PersonalAccount { balance { owed { amount } credit { amount } version } } } }',
    { id },
  );
  return node.balance;
}

/** Collects the balance events of an account: all new ones, or everything since `after`. */
async function followBalance(api, { id }, after = null) {
  const events = [];
  const connection = await api.subscribe(
    `subscription ($ids: [ID!], $after: String) {
      balanceUpdated(personalAccountIds: $ids, after: $after) {
        cursor occurredAt
        personalAccount { number }
        previous { owed { amount } credit { amount } }
        balance { owed { amount } credit { amount } version }
        cause { id kind amount { amount } }
      }
    }`,
    { ids: [id], after },
    ({ balanceUpdated }) => events.push(balanceUpdated),
  );
  // The protocol acknowledges the connection but not a subscription: leave the server a moment to start it.
  if (!after) await pause(500);
  return {
    events,
    cut: connection.cut,
    paymentOf(sum) {
      connection.check();
      return events.find(({ cause, previous, balance }) => cause.kind === 'PAYMENT' && net(previous) - net(balance) === sum);
    },
  };
}

function checkNothingLostOrRepeated(last, before, missed) {
  const cursors = [...before, ...missed].map(({ cursor }) => cursor);
  check(new Set(cursors).size === cursors.length, 'an event came twice');
  // Versions of an account's balance have no gaps, so a lost event shows.
  missed.forEach(({ balance }, i) => {
    const expected = last.balance.version + 1 + i;
    check(balance.version === expected, `version ${balance.version} came where ${expected} was due`);
  });
}
