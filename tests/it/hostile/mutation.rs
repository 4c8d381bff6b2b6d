//! The bodies of the fuzz targets on the stable compiler: seeded mutations of hostile and of honest requests.

#[path = "../../../fuzz/src/bodies.rs"]
mod bodies;

use super::families::families;

/// Bytes; small requests make more executions, and say as much.
const LONGEST: usize = 4096;
const PIECES: [&str; 24] = [
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "...",
    "@skip(if: true)",
    "$",
    ":",
    "!",
    "=",
    "\\\"",
    "\\\"\\\"\\\"",
    "#",
    "\\u0000",
    "on Node",
    "query",
    "mutation",
    "fragment f on Query",
    "1e9",
    "null",
    "first: 100",
    "\u{feff}",
];
const HONEST: [&str; 4] = [
    r#"{"query":"query A($n: Int = 3, $ids: [ID!]!) { providers(first: $n) { nodes { id ...p } } nodes(ids: $ids) { id ... on User { email } } } fragment p on Provider { name @include(if: true) }","variables":{"n":2,"ids":["a"]},"operationName":"A"}"#,
    r#"{"query":"mutation($i: SignInInput!) { signIn(input: $i) { token userErrors { code message } } }","variables":{"i":{"email":"a@b.c","password":"x"}}}"#,
    r#"{"query":"subscription { balanceUpdated(after: \"x\") { cursor balance { owed { amount } } } }","extensions":{}}"#,
    r#"{"query":"{ __schema { types { name fields { name } } } __type(name: \"User\") { name } }"}"#,
];

/// xorshift64*: chance that is the same on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap() % most.max(1)
    }

    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        start..(start + self.below(32)).min(length)
    }
}

fn mutated(dice: &mut Dice, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seeds[dice.below(seeds.len())].clone();
    for _ in 0..=dice.below(4) {
        let range = dice.range(bytes.len());
        match dice.below(6) {
            0 if !bytes.is_empty() => {
                let place = dice.below(bytes.len());
                bytes[place] ^= 1 << dice.below(8);
            }
            1 => drop(bytes.drain(range)),
            2 => {
                let copy = bytes[range.clone()].repeat(1 + dice.below(8));
                bytes.splice(range, copy);
            }
            3 => {
                let other = &seeds[dice.below(seeds.len())];
                let piece = other[dice.range(other.len())].to_vec();
                bytes.splice(range, piece);
            }
            _ => {
                let piece = PIECES[dice.below(PIECES.len())].bytes();
                bytes.splice(range.start..range.start, piece);
            }
        }
    }
    bytes
}

fn runs() -> usize {
    std::env::var("KABINET_FUZZ_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(1000)
}

#[test]
fn no_mutation_of_a_request_breaks_a_decoder_or_the_guard() {
    let honest = HONEST.iter().map(|body| body.as_bytes().to_vec());
    let hostile = families().into_iter().map(|family| family.body).filter(|body| body.len() <= LONGEST);
    let seeds: Vec<_> = honest.clone().cycle().take(20).chain(hostile).collect();
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    for _ in 0..runs() {
        let bytes = mutated(&mut dice, &seeds);
        bodies::envelope(&bytes);
        bodies::document(&bytes);
    }
}

#[test]
fn no_mutation_of_an_id_or_a_cursor_breaks_its_decoder() {
    let seeds: Vec<_> = ["payment_01h455vb4pex5vsknk084sn02q", "", "WzEsImEiXQ", "ImEi", "payment_", "_"]
        .map(|text| text.as_bytes().to_vec())
        .into();
    let mut dice = Dice(0x2545_F491_4F6C_DD1D);
    for _ in 0..runs() * 10 {
        let bytes = mutated(&mut dice, &seeds);
        bodies::id(&bytes);
        bodies::cursor(&bytes);
    }
}
