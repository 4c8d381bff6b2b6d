// Solves kabinet's proof of work: browsers (https or localhost) and Node 20 or newer, nothing to install.
//   const { captcha } = …      // query { captcha(action: REGISTER) { challenge difficulty } }
//   register(input: { captcha: await solve(captcha), … })
const text = new TextEncoder();

/** An answer whose SHA-256 begins with `difficulty` zero bits: `challenge:number`. */
export async function solve({ challenge, difficulty }, atOnce = 256) {
  for (let first = 0; ; first += atOnce) {
    const found = await Promise.all(Array.from({ length: atOnce }, async (_, i) => {
      const answer = `${challenge}:${first + i}`;
      const hash = new DataView(await crypto.subtle.digest('SHA-256', text.encode(answer)));
      const bits = Math.clz32(hash.getUint32(0));
      return (bits < 32 ? bits : 32 + Math.clz32(hash.getUint32(4))) >= difficulty && answer;
    }));
    const answer = found.find(Boolean);
    if (answer) return answer;
  }
}
