import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { Failure } from './report.mjs';

const HELP = `Walks a customer's whole way through a running kabinet server, checking every step.

  node journey.mjs [options]

  --url <url>          the server                             (http://127.0.0.1:8080)
  --samples <file>     accounts that the demo data has        (data/demo/samples.json)
  --provider <code>    with --account and --pin: this account instead of a sample
  --account <number>
  --pin <pin>
  --smtp <port>        receive the letters here, as an SMTP server on 127.0.0.1,
                       instead of reading them from the server's /dev/mailbox
  --help`;

const FLAGS = {
  url: { type: 'string', default: 'http://127.0.0.1:8080' },
  samples: { type: 'string', default: 'data/demo/samples.json' },
  provider: { type: 'string' },
  account: { type: 'string' },
  pin: { type: 'string' },
  smtp: { type: 'string' },
  help: { type: 'boolean' },
};

/** What the command line says, or null when it only asks for help. */
export async function readOptions() {
  const { values } = parse();
  if (values.help) {
    console.log(HELP);
    return null;
  }
  const { url, smtp } = values;
  return { url, smtpPort: smtp && Number(smtp), sample: given(values) ?? (await firstFit(values.samples)) };
}

function parse() {
  try {
    return parseArgs({ options: FLAGS });
  } catch (error) {
    throw new Failure(`${error.message}\n\n${HELP}`);
  }
}

function given({ provider, account, pin }) {
  const parts = [provider, account, pin].filter(Boolean);
  if (parts.length === 0) return null;
  if (parts.length < 3) throw new Failure('--provider, --account and --pin go together');
  return { providerCode: provider, provider: '', number: account, pin };
}

/** An account with something to pay and something to read. */
async function firstFit(file) {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new Failure(`cannot read ${file}: name the file with --samples, or an account with --provider, --account and --pin`);
  });
  const sample = JSON.parse(text).accounts.find(({ debt, meters }) => Number(debt) > 0 && meters > 0);
  if (!sample) throw new Failure(`${file} has no account with both a debt and a meter`);
  return sample;
}
