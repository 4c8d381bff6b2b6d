import { ask } from './session.js';

const BATCH = 512;

/** Asks for a registration challenge and returns its answer, `challenge:nonce`. */
export async function solveCaptcha() {
  const { captcha } = await ask('query Challenge { captcha(action: REGISTER) { kind challenge difficulty } }');
  if (captcha.kind !== 'PROOF_OF_WORK') throw new Error(`captcha: ${captcha.kind}`);
  for (let first = 0; ; first += BATCH) {
    const answers = Array.from({ length: BATCH }, (_, i) => `${captcha.challenge}:${first + i}`);
    const zeroBits = await Promise.all(answers.map(leadingZeroBits));
    const found = zeroBits.findIndex((bits) => bits >= captcha.difficulty);
    if (found >= 0) return answers[found];
  }
}

async function leadingZeroBits(answer) {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(answer));
  let bits = 0;
  for (const byte of new Uint8Array(digest)) {
    if (byte !== 0) return bits + Math.clz32(byte) - 24;
    bits += 8;
  }
  return bits;
}
