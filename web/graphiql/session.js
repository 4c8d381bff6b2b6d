import { language } from './language.js';

export const GRAPHQL_URL = '/graphql';
const KEY = 'kabinet:session';

// sessionStorage: the token lives as long as this browser tab, and no longer.
let current = JSON.parse(sessionStorage.getItem(KEY) ?? 'null');

export const signedInAs = () => current?.email;

/** What a request or a WebSocket's connection_init says about its sender. */
export const credentials = () => (current ? { authorization: `Bearer ${current.token}` } : {});

export async function ask(query, variables) {
  const response = await fetch(GRAPHQL_URL, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'accept-language': language, ...credentials() },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors?.length) throw new Error(errors[0].message);
  return data;
}

/** Why the server did not sign somebody in; `code` is the first of `userErrors`. */
export class SignInRefused extends Error {
  constructor(userErrors) {
    super(userErrors.map((e) => e.message).join(' '));
    this.code = userErrors[0].code;
  }

  /** The password is right, and a code of the second factor is still to be given. */
  get wantsCode() {
    return this.code === 'TWO_FACTOR_REQUIRED' || this.code === 'TWO_FACTOR_REJECTED';
  }
}

/** `twoFactorCode`: of the authenticator app, or a recovery code; empty when none is asked for. */
export async function signIn(email, password, twoFactorCode) {
  const { signIn: answer } = await ask(
    `mutation SignIn($input: SignInInput!) {
      signIn(input: $input) { token viewer { email } userErrors { code message } }
    }`,
    { input: { email, password, twoFactorCode: twoFactorCode || null } },
  );
  if (answer.userErrors.length) throw new SignInRefused(answer.userErrors);
  remember({ token: answer.token, email: answer.viewer.email });
}

export async function signOut() {
  try {
    await ask('mutation SignOut { signOut { userErrors { message } } }');
  } finally {
    remember(null);
  }
}

/** False when the kept token is no longer worth anything; it is then forgotten. */
export async function stillSignedIn() {
  const { viewer } = await ask('query Whoami { viewer { email } }');
  if (!viewer) remember(null);
  return Boolean(viewer);
}

function remember(session) {
  current = session;
  if (session) sessionStorage.setItem(KEY, JSON.stringify(session));
  else sessionStorage.removeItem(KEY);
}
