import { solveCaptcha } from './captcha.js';
import { exampleTabs } from './examples.js';
import { language, text, translatePage } from './language.js';
import { GRAPHQL_URL, SignInRefused, credentials, signIn, signOut, signedInAs, stillSignedIn } from './session.js';

const { React, ReactDOM, GraphiQL } = window;
const element = (id) => document.getElementById(id);

function showWho() {
  const email = signedInAs();
  element('sign-in').hidden = Boolean(email);
  element('signed-in').hidden = !email;
  element('who').textContent = email ?? '';
}

/** Runs what a button does and says in the bar why it failed. */
async function attempt(action) {
  const notice = element('notice');
  notice.textContent = '';
  try {
    notice.textContent = (await action()) ?? '';
  } catch (error) {
    notice.textContent = error.message;
  }
  showWho();
}

element('sign-in').addEventListener('submit', (event) => {
  event.preventDefault();
  const form = event.target;
  attempt(async () => {
    try {
      await signIn(form.email.value, form.password.value, form.code.value.trim());
    } catch (error) {
      if (error instanceof SignInRefused && error.wantsCode) askForCode(form);
      throw error;
    }
    form.code.hidden = true;
    form.reset();
  });
});

/** Only who has a second factor sees the field. */
function askForCode(form) {
  form.code.hidden = false;
  form.code.value = '';
  form.code.focus();
}

element('sign-out').addEventListener('click', () => attempt(signOut));
element('solve-captcha').addEventListener('click', () => attempt(async () => {
  const answer = element('captcha-answer');
  element('notice').textContent = text('captchaSolving');
  answer.value = await solveCaptcha();
  answer.hidden = false;
  answer.select();
  const copied = await navigator.clipboard?.writeText(answer.value).then(() => true, () => false);
  return text(copied ? 'captchaCopied' : 'captchaReady');
}));

translatePage();
showWho();
if (signedInAs()) attempt(async () => ((await stillSignedIn()) ? '' : text('sessionEnded')));

// Tabs are kept per language, so that switching it brings examples in that language and loses no work.
const prefix = `kabinet:${language}:`;
const tabStorage = {
  getItem: (key) => localStorage.getItem(prefix + key),
  setItem: (key, value) => localStorage.setItem(prefix + key, value),
  removeItem: (key) => localStorage.removeItem(prefix + key),
  keys: () => Object.keys(localStorage).filter((key) => key.startsWith(prefix)),
  get length() { return this.keys().length; },
  clear() { this.keys().forEach((key) => localStorage.removeItem(key)); },
};

element('reset-examples').addEventListener('click', () => {
  tabStorage.clear();
  location.reload();
});

// GraphiQL reads a document a moment after it was typed or its tab was opened. Run at once it would send a subscription
// by HTTP, and the name of the tab before. The words decide instead: without comments and strings, an operation begins
// with its kind.
function operations(query) {
  const words = query.replace(/#.*|"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"/g, ' ');
  const found = [...words.matchAll(/\b(query|mutation|subscription)\b\s*(\w*)\s*[({@]/g)];
  return found.map(([, kind, name]) => ({ kind, name: name || undefined }));
}

// Of one operation the name is beyond doubt.
function settled(request) {
  const found = operations(request.query);
  const operationName = found.length === 1 ? found[0].name : request.operationName;
  const chosen = found.find(({ name }) => name === operationName);
  return [{ ...request, operationName }, chosen?.kind === 'subscription'];
}

// What the toolkit asks of a parsed document.
const subscriptionNamed = (name) => ({
  kind: 'Document',
  definitions: [{ kind: 'OperationDefinition', operation: 'subscription', name: name ? { kind: 'Name', value: name } : undefined }],
});

// A fetcher takes its headers once; one per request knows who is signed in now.
// A header typed in GraphiQL's own editor wins over the bar.
function fetcher(request, options = {}) {
  const typed = Object.keys(options.headers ?? {}).some((name) => name.toLowerCase() === 'authorization');
  const sender = typed ? {} : credentials();
  const [operation, subscription] = settled(request);
  const documentAST = subscription ? subscriptionNamed(operation.operationName) : options.documentAST;
  return GraphiQL.createFetcher({
    url: GRAPHQL_URL,
    subscriptionUrl: new URL(GRAPHQL_URL, location.href.replace(/^http/, 'ws')).href,
    enableIncrementalDelivery: false,
    headers: { 'accept-language': language, ...sender },
    wsConnectionParams: sender,
  })(operation, { ...options, documentAST });
}

ReactDOM.createRoot(element('graphiql')).render(
  React.createElement(GraphiQL, {
    fetcher,
    storage: tabStorage,
    defaultTabs: exampleTabs(language),
    defaultEditorToolsVisibility: 'variables',
  }),
);
