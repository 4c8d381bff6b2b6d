import { once } from 'node:events';
import { simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import { Failure, waitFor } from './report.mjs';

/** Letters that the embedded way to run keeps and shows: { all(), close() }. */
export function devMailbox(url) {
  const address = new URL('/dev/mailbox/messages', url);
  return {
    async all() {
      const response = await fetch(address);
      if (!response.ok) throw new Failure(`${address} answered ${response.status}: run with --smtp when the server sends real letters`);
      return response.json();
    },
    close() {},
  };
}

/** Letters that the server sends to us, its mail relay for the while. */
export async function smtpMailbox(port) {
  const received = [];
  const server = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    onAuth: (auth, session, callback) => callback(null, { user: auth.username }),
    onData: (stream, session, callback) => simpleParser(stream).then(({ to, subject, text }) => {
      received.unshift({ to: to.text, subject, text });
      callback();
    }, callback),
  });
  server.listen(port, '127.0.0.1');
  await once(server.server, 'listening');
  return { all: async () => received, close: () => server.close() };
}

/** Waits for a letter to this address and takes the token out of the link in it. */
export async function linkToken(mailbox, address) {
  const letter = await waitFor(`a letter to ${address}`, async () =>
    (await mailbox.all()).find(({ to }) => String(to).includes(address)));
  const links = letter.text.match(/https?:\/\/[^\s<>]+/g) ?? [];
  const token = links.map((link) => new URL(link).searchParams.get('token')).find(Boolean);
  if (!token) throw new Failure(`no link with a token in the letter "${letter.subject}"`);
  return { token, subject: letter.subject };
}
