import { setTimeout as pause } from 'node:timers/promises';

/** The server did something else than it promises; the message says what. */
export class Failure extends Error {}

export const heading = (text) => console.log(`\n${text}`);
export const done = (text) => console.log(`  ✓ ${text}`);

export function check(holds, message) {
  if (!holds) throw new Failure(message);
}

/** The payload of a mutation that has to be accepted. */
export function accepted(payload) {
  check(payload.userErrors.length === 0, `refused: ${inWords(payload.userErrors)}`);
  return payload;
}

/** The error of a mutation that has to be refused with this code. */
export function refused(payload, code) {
  const error = payload.userErrors.find((one) => one.code === code);
  check(error, `expected a refusal ${code}, got ${inWords(payload.userErrors) || 'none'}`);
  return error;
}

const inWords = (errors) =>
  errors.map(({ code, field, message }) => `${code} at ${field?.join('.') ?? 'the whole'}: ${message}`).join('; ');

/** Probes until something truthy comes, and gives up after a while. */
export async function waitFor(what, probe, seconds = 20) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const found = await probe();
    if (found) return found;
    check(Date.now() < deadline, `waited ${seconds} s in vain for ${what}`);
    await pause(250);
  }
}
