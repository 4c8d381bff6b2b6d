import { accepted, check, done, heading } from '../report.mjs';

export async function attachAccount(api, sample) {
  heading('The personal account');
  const { providers } = await api.ask(
    `query ($search: String) {
      providers(search: $search, first: 50) {
        edges { node { id code name accountNumberHint accessProofs } }
      }
    }`,
    { search: sample.provider || null },
  );
  const provider = providers.edges.map(({ node }) => node).find(({ code }) => code === sample.providerCode);
  check(provider, `no provider ${sample.providerCode} among ${providers.edges.length} found`);
  done(`provider found: ${provider.name}, proofs of access: ${provider.accessProofs.join(', ')}`);

  const { personalAccount: account } = accepted((await api.ask(
    `mutation ($input: AttachPersonalAccountInput!) {
      attachPersonalAccount(input: $input) {
        personalAccount { id number access holderName address }
        userErrors { __typename code field message }
      }
    }`,
    { input: { providerId: provider.id, number: sample.number } },
  )).attachPersonalAccount);
  check(account.number === sample.number, `attached ${account.number} instead of ${sample.number}`);
  check(account.access === 'LIMITED', `the number alone gave ${account.access} access`);
  check(account.holderName === null, 'the number alone disclosed the holder\'s name');
  done(`${account.number} attached by its number: ${account.access}, no name, address ${account.address}`);
  return account;
}

export async function proveAccess(api, account, pin) {
  const { personalAccount } = accepted((await api.ask(
    `mutation ($id: ID!, $pin: String!) {
      proveAccountAccess(input: { personalAccountId: $id, proof: { pin: $pin } }) {
        personalAccount { access holderName address }
        userErrors { __typename code field message }
      }
    }`,
    { id: account.id, pin },
  )).proveAccountAccess);
  check(personalAccount.access === 'FULL', `the PIN gave ${personalAccount.access} access`);
  done(`PIN accepted: ${personalAccount.access}, ${personalAccount.holderName}, ${personalAccount.address}`);
}
