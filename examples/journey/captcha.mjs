import { createHash } from 'node:crypto';

/** Finds a nonce for which SHA-256 of `challenge:nonce` starts with `difficulty` zero bits. */
export function solve({ challenge, difficulty }) {
  for (let nonce = 0; ; nonce += 1) {
    const answer = `${challenge}:${nonce}`;
    if (leadingZeroBits(createHash('sha256').update(answer).digest()) >= difficulty) return answer;
  }
}

function leadingZeroBits(digest) {
  const zeroBytes = digest.findIndex((byte) => byte !== 0);
  return zeroBytes < 0 ? digest.length * 8 : zeroBytes * 8 + Math.clz32(digest[zeroBytes]) - 24;
}
