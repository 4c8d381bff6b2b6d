// What tests/it/clients.rs has prepared: a running server, a person with an account, and a way to restart the server.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';

function given(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run these suites by \`make test\``);
  return value;
}

export const url = given('KABINET_URL');
export const endpoint = `${url}/graphql`;
export const socketEndpoint = endpoint.replace(/^http/, 'ws');
export const account = given('KABINET_ACCOUNT');

export const balances = `subscription ($ids: [ID!], $after: String) {
  balanceUpdated(personalAccountIds: $ids, after: $after) { cursor balance { version } }
}`;

/** The data of a query or mutation. */
export async function ask(query, variables, token) {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

/** A token of a session of its own. */
export async function signIn() {
  const input = { email: given('KABINET_EMAIL'), password: given('KABINET_PASSWORD') };
  const { signIn: { token, userErrors } } = await ask(
    'mutation ($input: SignInInput!) { signIn(input: $input) { token userErrors { code } } }', { input });
  if (!token) throw new Error(JSON.stringify(userErrors));
  return token;
}

export async function version(token) {
  const { node } = await ask(
    'query ($id: ID!) { node(id: $id) { ... on PersonalAccount { balance { version } } } }', { id: account }, token);
  return node.balance.version;
}

/** Changes the account's balance once: a payment that the sandbox's bank takes. */
export async function pay(token) {
  const input = { personalAccountId: account, amount: { custom: '1.00' }, idempotencyKey: randomUUID() };
  const { startPayment: { payment, userErrors } } = await ask(
    `mutation ($input: StartPaymentInput!) {
      startPayment(input: $input) { payment { confirmationUrl } userErrors { code message } }
    }`,
    { input },
    token,
  );
  if (!payment) throw new Error(JSON.stringify(userErrors));
  const { status } = await fetch(new URL(payment.confirmationUrl, url), {
    method: 'POST',
    body: new URLSearchParams({ outcome: 'pay' }),
    redirect: 'manual',
  });
  if (status !== 303) throw new Error(`the bank answered ${status}`);
}

/** Ends the server in its orderly way and starts it again on the same data; resolves when it serves. */
export async function restartServer() {
  const socket = connect(Number(given('KABINET_CONTROL')), '127.0.0.1');
  await once(socket, 'data');
  socket.destroy();
}

/** Collects what a subscription tells, and lets a test wait for it. */
export class Collected {
  events = [];
  failure = null;
  ended = false;
  #waiting = [];

  get sink() {
    return {
      next: (event) => { this.events.push(event); this.#wake(); },
      error: (failure) => { this.failure = failure; this.#wake(); },
      complete: () => { this.ended = true; this.#wake(); },
    };
  }

  #wake() {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Until `what` holds; the test's own time-out ends a wait in vain. */
  async until(what) {
    while (!what(this)) await new Promise((wake) => this.#waiting.push(wake));
  }
}
