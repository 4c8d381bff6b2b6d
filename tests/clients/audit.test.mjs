// The public audit of GraphQL over HTTP (npm graphql-http). It follows a draft of before the first edition, so some of
// its recommendations contradict the edition of September 2026, which the server follows.
import assert from 'node:assert/strict';
import test from 'node:test';
import { auditServer } from 'graphql-http';
import { endpoint } from './customer.mjs';

const NOT_WELL_FORMED = '"Status Codes": a request that is no well-formed GraphQL-over-HTTP request is answered 422; 400 is for a body that is no JSON';
const LEGACY = '"Status Codes": the status of a request error does not depend on Accept; only 2xx responses carry application/json for legacy clients';

/** Audits that must fail, each with the clause of the September 2026 edition that it contradicts. */
const CONTRADICTIONS = new Map([
  ['47DE', '"Accept": where the client leaves the choice, application/graphql-response+json is preferred'],
  ['80D8', '"Accept": without the header the server behaves as if application/graphql-response+json were accepted'],
  ['423L', NOT_WELL_FORMED],
  ...['LKJ', '6C0', '476', '58B'].flatMap((audit) => [0, 1, 2, 3].map((n) => [`${audit}${n}`, NOT_WELL_FORMED])),
  ['3E3A', NOT_WELL_FORMED],
  ['572B', `${LEGACY}: a document that does not parse is 400`],
  ['FDE2', `${LEGACY}: the audit's document does not even parse, which is 400`],
  ['7B9B', `${LEGACY}: variables that cannot be coerced are 422`],
  ['86EE', '"Status Codes": variables that cannot be coerced are answered 422'],
]);

test('the audit finds only what the edition demands', async () => {
  const results = await auditServer({ url: endpoint });
  const failed = results.filter(({ status }) => status !== 'ok');
  const count = (word) => results.filter(({ status }) => status === word).length;
  console.log(`graphql-http audit: ${results.length} audits, ${count('ok')} ok, ${count('warn')} warnings, `
    + `${count('notice')} notices, ${count('error')} errors; ${CONTRADICTIONS.size} contradict the edition`);

  const unlisted = failed.filter(({ id }) => !CONTRADICTIONS.has(id)).map(({ id, name, reason }) => `${id} ${name}: ${reason}`);
  assert.deepEqual(unlisted, [], 'not on the list of contradictions');
  const names = new Set(failed.map(({ id }) => id));
  const passed = [...CONTRADICTIONS.keys()].filter((id) => !names.has(id));
  assert.deepEqual(passed, [], 'on the list of contradictions, but not (or no longer) failing');
  assert.equal(count('error'), 0, 'nothing that the audit calls a MUST is missed');
});
