// What schema.graphql would break for clients of the last release. Breaking changes fail unless breaking.json names them.
//
// The last release is the newest tag whose tree holds schema.graphql; before there is one, the newest docs/schema/VERSION.graphql.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { CriticalityLevel, diff } from '@graphql-inspector/core';
import { buildSchema } from 'graphql';

const root = new URL('../../', import.meta.url);
const read = (path) => readFileSync(new URL(path, root), 'utf8');

function git(...args) {
  try {
    return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 26 });
  } catch {
    return null;
  }
}

function baseline() {
  const tag = git('describe', '--tags', '--abbrev=0')?.trim();
  const tagged = tag && git('show', `${tag}:schema.graphql`);
  if (tagged) return { name: tag, text: tagged };
  const inOrder = new Intl.Collator('en', { numeric: true }).compare;
  const kept = readdirSync(new URL('docs/schema/', root)).filter((name) => name.endsWith('.graphql')).sort(inOrder);
  return { name: `docs/schema/${kept.at(-1)}`, text: read(`docs/schema/${kept.at(-1)}`) };
}

// A file to compare with the baseline instead of schema.graphql, for the test of this script.
const [changed = 'schema.graphql'] = process.argv.slice(2);
const before = baseline();
const exceptions = JSON.parse(read('tests/schema/breaking.json'));
const changes = await diff(buildSchema(before.text), buildSchema(read(changed)));
const breaking = changes.filter(({ criticality }) => criticality.level === CriticalityLevel.Breaking);
const allowed = (change) => exceptions.some(({ path, type }) => path === change.path && type === change.type);

let failed = false;
for (const change of breaking) {
  const excepted = allowed(change);
  failed ||= !excepted;
  console.log(`${excepted ? 'excepted' : 'BREAKING'}  ${change.path}  ${change.type}: ${change.message}`);
}
for (const { path, type, reason } of exceptions) {
  if (!reason) {
    console.log(`breaking.json: ${path} ${type} has no reason`);
    failed = true;
  }
}
console.log(`schema: ${changes.length} change(s) since ${before.name}, ${breaking.length} breaking`);
process.exitCode = failed ? 1 : 0;
