// Rules for schema.graphql: all that graphql-eslint has for schemas and Relay, and how things are named here.
import graphql from '@graphql-eslint/eslint-plugin';

// What does not hold here, and why.
const exceptions = {
  // The exporter sorts; it puts `id` where the alphabet wants it and directives at the end.
  '@graphql-eslint/alphabetize': 'off',
  // Meant for schemas without mutations and subscriptions.
  '@graphql-eslint/no-root-type': 'off',
  // A tariff group is a thing of its own, and not the group of a tariff.
  '@graphql-eslint/no-typename-prefix': 'off',
  // Lists that are short by nature (registers of a meter, lines of a statement) have no pages; ledger entries and changes
  // of services are reached through their account only, never by id.
  '@graphql-eslint/relay-edge-types': ['error', { listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false }],
  // A payload gives what the mutation changed; the rest is asked again by the client, with its own limits.
  '@graphql-eslint/require-field-of-type-query-in-mutation-result': 'off',
  // A payload is always there: refusals are in its userErrors. A fault nulls the whole answer, which is what it is.
  '@graphql-eslint/require-nullable-result-in-root': 'off',
  // Values (money, a balance, a reading's value, a payload) have no identity.
  '@graphql-eslint/strict-id-in-types': 'off',
};

const naming = {
  '@graphql-eslint/naming-convention': [
    'error',
    {
      types: 'PascalCase',
      FieldDefinition: 'camelCase',
      InputValueDefinition: 'camelCase',
      DirectiveDefinition: 'camelCase',
      EnumValueDefinition: 'UPPER_CASE',
      InputObjectTypeDefinition: { style: 'PascalCase', requiredSuffixes: ['Input'] },
      'ObjectTypeDefinition[interfaces.length>0][name.value=/Error$/]': { style: 'PascalCase', requiredSuffixes: ['Error'] },
      'FieldDefinition[parent.name.value=Query]': { forbiddenPrefixes: ['get', 'query', 'list'] },
      'FieldDefinition[parent.name.value=Subscription]': { forbiddenPrefixes: ['subscribe', 'on'] },
    },
  ],
  '@graphql-eslint/require-description': [
    'error',
    { types: true, rootField: true, FieldDefinition: true, InputValueDefinition: true, EnumValueDefinition: true, DirectiveDefinition: true,
      // GraphQL's own directives, which the exporter repeats without words.
      ignoredSelectors: ['[type=InputValueDefinition][parent.name.value=/^(include|skip|specifiedBy|deprecated)$/]'] },
  ],
};

export default [
  {
    files: ['**/*.graphql'],
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: './schema.graphql' } } },
    plugins: { '@graphql-eslint': graphql },
    rules: {
      ...graphql.configs['flat/schema-all'].rules,
      ...graphql.configs['flat/schema-relay'].rules,
      ...naming,
      ...exceptions,
    },
  },
];
