#!/usr/bin/env node
import { Api } from './api.mjs';
import { devMailbox, smtpMailbox } from './letters.mjs';
import { readOptions } from './options.mjs';
import { Failure } from './report.mjs';
import { attachAccount, proveAccess } from './steps/attach.mjs';
import { lookAround } from './steps/look.mjs';
import { followPayments } from './steps/pay.mjs';
import { sendReadings } from './steps/read.mjs';
import { register, signIn, signOut } from './steps/sign_in.mjs';

async function journey({ url, smtpPort, sample }) {
  const api = new Api(url);
  const mailbox = smtpPort ? await smtpMailbox(smtpPort) : devMailbox(url);
  try {
    const person = await register(api, mailbox);
    await signIn(api, person);
    const account = await attachAccount(api, sample);
    await proveAccess(api, account, sample.pin);
    const { meters } = await lookAround(api, account);
    await sendReadings(api, meters);
    await followPayments(api, account);
    await signOut(api);
  } finally {
    mailbox.close();
  }
}

try {
  const options = await readOptions();
  if (options) {
    await journey(options);
    console.log('\nThe whole way is walked.');
  }
} catch (error) {
  // A Failure is the server's and its message says all; anything else is a mistake in this example.
  console.error(`\n✗ ${error instanceof Failure ? error.message : error.stack}`);
  process.exit(1); // a subscription may still be open
}
