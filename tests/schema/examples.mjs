// GraphiQL's examples must fit the schema, in both languages, and speak to each kind of reader.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { buildSchema, parse, validate } from 'graphql';
import { exampleTabs } from '../../web/graphiql/examples.js';

const schema = buildSchema(readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'));
const readers = {
  ru: ['Новый человек', 'Абонент', 'Разработчик', 'Интегратор'],
  en: ['A new person', 'A customer', 'A developer', 'An integrator'],
};

for (const [language, expected] of Object.entries(readers)) {
  const tabs = exampleTabs(language);
  for (const { query } of tabs) {
    assert.deepEqual(validate(schema, parse(query)).map((error) => error.message), [], query);
  }
  for (const reader of expected) {
    assert.ok(tabs.some(({ query }) => query.startsWith(`# ${reader}.`)), `no example for: ${reader}`);
  }
}
