// GraphiQL as a person meets it: examples in both languages, a sign-in, a query, a subscription; nothing from elsewhere.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import puppeteer from 'puppeteer-core';
import { DEMO, client, startKabinet } from './server.mjs';

// Far beyond anything that works: a test that waits longer has failed.
const PATIENCE_MS = 30_000;
const pictures = fileURLToPath(new URL('../../target/browser/', import.meta.url));
const [binary, chromium] = process.argv.slice(2);

/** Looks until there is something. Not the library's own wait: that needs eval in the page, which its policy forbids. */
async function eventually(what, look) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found) return found;
    assert.ok(Date.now() < end, `waited in vain: ${what}`);
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
}

function watch(page, home) {
  const complaints = [];
  page.on('console', (message) => {
    // Also where Chromium tells of violations of the content security policy.
    // Radix, which GraphiQL uses, asks its developers for descriptions of dialogs.
    const known = message.text().startsWith('Warning: Missing `Description`');
    if (['error', 'warn'].includes(message.type()) && !known) complaints.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`page: ${error.message}`));
  page.on('request', (request) => {
    const url = request.url();
    if (!/^(data|blob):/.test(url) && new URL(url).host !== new URL(home).host) complaints.push(`foreign request: ${url}`);
  });
  page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()} ${request.failure()?.errorText}`));
  return complaints;
}

const text = (page, selector) => page.$$eval(selector, (found) => found.map((one) => one.textContent).join('\n'));
const tabs = (page) => page.$$eval('.graphiql-tab', (found) => found.map((tab) => tab.textContent.trim()));

async function open(page, name) {
  const handles = await page.$$('.graphiql-tab-button');
  for (const handle of handles) {
    if ((await handle.evaluate((tab) => tab.textContent)).includes(name)) {
      await handle.click();
      await eventually(`the tab ${name}`, async () => (await text(page, '.graphiql-query-editor')).includes(name));
      return;
    }
  }
  assert.fail(`no tab ${name} in ${await tabs(page)}`);
}

const run = (page) => page.click('button.graphiql-execute-button');
const result = (page) => text(page, '.result-window');

async function signIn(page) {
  await page.type('#sign-in input[name=email]', DEMO.email);
  await page.type('#sign-in input[name=password]', DEMO.password);
  await page.click('#sign-in button');
  await eventually('signed in', async () => (await text(page, '#who')) === DEMO.email);
}

/** RFC 6238 with the usual six digits, thirty seconds and SHA-1. */
function timeCode(secret) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret].map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const hash = createHmac('sha1', key).update(step).digest();
  const at = hash[hash.length - 1] & 15;
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

const shown = (page, selector) => page.$eval(selector, (element) => !element.hidden && element.offsetWidth > 0);

/** The field for the code appears when it is asked for, tells in the reader's language what is wrong, and takes a code. */
async function secondFactor(page, other) {
  const [recoveryCode] = await other.enableTwoFactor(timeCode);
  await page.click('#sign-out');
  await eventually('signed out', () => shown(page, '#sign-in'));
  assert.equal(await shown(page, '#sign-in input[name=code]'), false);
  await page.type('#sign-in input[name=email]', DEMO.email);
  await page.type('#sign-in input[name=password]', DEMO.password);
  await page.click('#sign-in button');
  await eventually('the field for the code', () => shown(page, '#sign-in input[name=code]'));
  const asked = await text(page, '#notice');
  assert.match(asked, /[А-я]/);
  assert.equal(await page.$eval('#sign-in input[name=code]', (field) => field.placeholder), 'Код второго фактора');
  await page.screenshot({ path: `${pictures}second-factor.png` });
  await page.type('#sign-in input[name=code]', '000000x');
  await page.click('#sign-in button');
  await eventually('the refusal', async () => ![asked, ''].includes(await text(page, '#notice')));
  assert.equal(await page.$eval('#sign-in input[name=code]', (field) => field.value), '');
  await page.type('#sign-in input[name=code]', recoveryCode);
  await page.click('#sign-in button');
  await eventually('signed in with a code', async () => (await text(page, '#who')) === DEMO.email);
  assert.equal(await shown(page, '#signed-in'), true);
}

async function languages(page) {
  for (const [language, words] of [['en', 'A new person'], ['ru', 'Новый человек']]) {
    await Promise.all([page.waitForNavigation(), page.click(`[data-lang=${language}]`)]);
    await eventually(`examples in ${language}`, async () => (await text(page, '.graphiql-query-editor')).includes(words));
    assert.equal((await tabs(page)).length, 13);
  }
}

/** Panels and dialogs bring styles of their own, which the policy must know. */
async function everyPanel(page) {
  for (const panel of ['Show Documentation Explorer', 'Show History', 'Hide History', 'Open settings dialog']) {
    await page.click(`button[aria-label="${panel}"]`);
  }
  await eventually('the settings', () => page.$('.graphiql-dialog'));
  await page.screenshot({ path: `${pictures}settings.png` });
  await page.click('.graphiql-dialog-close');
  await eventually('the dialog is closed', async () => !(await page.$('.graphiql-dialog')));
}

async function journey(page, url) {
  const other = client(url);
  const answer = await page.goto(`${url}/graphiql`);
  const policy = answer.headers()['content-security-policy'];
  assert.match(policy, /script-src 'self';/);
  assert.doesNotMatch(policy, /unsafe|\*|https?:/);
  await eventually('the page is there', async () => (await tabs(page)).length > 0);
  await languages(page);
  await open(page, 'FirstLook');
  await run(page);
  await eventually('providers', async () => (await result(page)).includes('accountNumberHint'));
  await page.screenshot({ path: `${pictures}query.png` });
  await everyPanel(page);
  await signIn(page);
  await open(page, 'BalanceUpdated');
  await run(page);
  await other.signIn();
  // Begun before the payment, so the event cannot come from the past.
  await eventually('the subscription runs', () => page.$('button.graphiql-execute-button[aria-label^="Stop"]'));
  await other.pay();
  await eventually('the event', async () => (await result(page)).includes('PAYMENT'));
  await page.screenshot({ path: `${pictures}subscription.png` });
  await secondFactor(page, other);
}

await mkdir(pictures, { recursive: true });
const server = await startKabinet(binary);
const browser = await puppeteer.launch({
  executablePath: chromium,
  // Containers have neither namespaces for the sandbox nor room in /dev/shm.
  args: ['--no-sandbox', '--disable-dev-shm-usage', '--lang=ru-RU', '--accept-lang=ru-RU,ru'],
  defaultViewport: { width: 1400, height: 850 },
});
try {
  const page = await browser.newPage();
  const complaints = watch(page, server.url);
  try {
    await journey(page, server.url);
  } catch (failure) {
    await page.screenshot({ path: `${pictures}failed.png` });
    console.error(complaints.join('\n'));
    throw failure;
  }
  assert.deepEqual(complaints, []);
  console.log('console: examples in two languages, a query, a sign-in, a subscription and a second factor; no violation, nothing foreign');
} finally {
  await browser.close();
  await server.stop();
}
