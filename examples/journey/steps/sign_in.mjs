import { randomBytes } from 'node:crypto';
import { solve } from '../../captcha-solver.mjs';
import { linkToken } from '../letters.mjs';
import { accepted, check, done, heading } from '../report.mjs';

export async function register(api, mailbox) {
  heading('Registration');
  const { captcha, agreements } = await api.ask(`query {
    captcha(action: REGISTER) { kind challenge difficulty expiresAt }
    agreements { id kind version title }
  }`);
  check(captcha.kind === 'PROOF_OF_WORK', `this example solves PROOF_OF_WORK only, the server wants ${captcha.kind}`);
  const answer = await solve(captcha);
  done(`captcha solved: ${captcha.difficulty} bits, nonce ${answer.slice(captcha.challenge.length + 1)}`);

  const kinds = agreements.map(({ kind }) => kind);
  for (const kind of ['USER_AGREEMENT', 'PERSONAL_DATA_CONSENT']) check(kinds.includes(kind), `no agreement of kind ${kind}`);
  done(`agreements ticked: ${agreements.map(({ title, version }) => `«${title}» ${version}`).join(', ')}`);

  const person = {
    email: `journey+${randomBytes(8).toString('hex')}@example.com`,
    password: randomBytes(5).toString('hex'), // fits both the modern and the strict old password policy
  };
  const registered = accepted((await api.ask(
    `mutation ($input: RegisterInput!) {
      register(input: $input) { email confirmationExpiresAt userErrors { __typename code field message } }
    }`,
    { input: { ...person, captcha: answer, acceptedAgreements: agreements.map(({ id }) => id), locale: 'RU' } },
  )).register);
  check(registered.email === person.email, `registered ${registered.email} instead of ${person.email}`);
  done(`registered ${registered.email}, to be confirmed before ${registered.confirmationExpiresAt}`);

  const { token, subject } = await linkToken(mailbox, person.email);
  done(`letter received: «${subject}»`);

  const { user } = accepted((await api.ask(
    `mutation ($input: ConfirmEmailInput!) {
      confirmEmail(input: $input) { user { email emailConfirmedAt } userErrors { __typename code field message } }
    }`,
    { input: { token } },
  )).confirmEmail);
  check(user.emailConfirmedAt, 'the e-mail is still unconfirmed');
  done(`e-mail confirmed at ${user.emailConfirmedAt}`);
  return person;
}

export async function signIn(api, { email, password }) {
  const { token, viewer } = accepted((await api.ask(
    `mutation ($input: SignInInput!) {
      signIn(input: $input) { token viewer { email } userErrors { __typename code field message } }
    }`,
    { input: { email, password } },
  )).signIn);
  check(viewer.email === email, `signed in as ${viewer.email}`);
  api.token = token;
  done(`signed in as ${viewer.email}`);
}

export async function signOut(api) {
  heading('Leaving');
  accepted((await api.ask('mutation { signOut { userErrors { __typename code field message } } }')).signOut);
  const viewer = await api.ask('query { viewer { email } }').then(
    (data) => data.viewer,
    (error) => {
      if (error.code !== 'UNAUTHENTICATED') throw error;
      return null;
    },
  );
  check(viewer === null, 'the token still works after signing out');
  done('signed out, the token is worth nothing now');
}
