//! A look at a document's letters before anything parses it: its size, its tokens, its brackets.
//!
//! Lexical grammar: GraphQL, September 2025, section 2.1. What is no GraphQL is left to the parser to complain about.

use super::TooExpensive;
use crate::config::DocumentLimits;

/// Brackets within each other. The parser goes down a level of its stack with each.
pub const MAX_BRACKETS: usize = 64;
/// Bytes of one name. Suggestions compare a wrong name with every right one, letter by letter.
const MAX_NAME: usize = 200;
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// The number of tokens. Takes time in proportion to the text up to the limit.
pub fn count(text: &str, limits: &DocumentLimits) -> Result<usize, TooExpensive> {
    if text.len() > limits.max_document_bytes {
        return Err(TooExpensive::Bytes(limits.max_document_bytes));
    }
    let mut rest = text.as_bytes();
    let (mut tokens, mut brackets) = (0, 0_usize);
    while let Some(&first) = rest.first() {
        let length = match first {
            b' ' | b'\t' | b'\n' | b'\r' | b',' => {
                rest = after(rest, 1);
                continue;
            }
            b'#' => {
                rest = after(rest, run(rest, |byte| byte != b'\n' && byte != b'\r'));
                continue;
            }
            _ if rest.starts_with(BOM) => {
                rest = after(rest, BOM.len());
                continue;
            }
            b'{' | b'[' | b'(' => {
                brackets += 1;
                if brackets > MAX_BRACKETS {
                    return Err(TooExpensive::Brackets);
                }
                1
            }
            b'}' | b']' | b')' => {
                brackets = brackets.saturating_sub(1);
                1
            }
            b'"' => string(rest),
            b'.' => run(rest.get(..3).unwrap_or(rest), |byte| byte == b'.'),
            b'-' | b'0'..=b'9' => run(rest, |byte| matches!(byte, b'-' | b'+' | b'.' | b'0'..=b'9' | b'e' | b'E')),
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => match run(rest, |byte| byte == b'_' || byte.is_ascii_alphanumeric()) {
                length if length > MAX_NAME => return Err(TooExpensive::Name),
                length => length,
            },
            _ => 1,
        };
        rest = after(rest, length);
        tokens += 1;
        if tokens > limits.max_tokens {
            return Err(TooExpensive::Tokens(limits.max_tokens));
        }
    }
    Ok(tokens)
}

fn after(bytes: &[u8], length: usize) -> &[u8] {
    bytes.get(length..).unwrap_or_default()
}

/// How many bytes from the start are of a kind.
fn run(bytes: &[u8], of_the_kind: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|byte| !of_the_kind(*byte)).unwrap_or(bytes.len())
}

/// The length of the text that begins here, quotes included; an unfinished one goes to the end of its line, or of the
/// document when it is a block.
fn string(bytes: &[u8]) -> usize {
    const BLOCK: &[u8] = b"\"\"\"";
    const ESCAPED_BLOCK: &[u8] = b"\\\"\"\"";
    let block = bytes.starts_with(BLOCK);
    let mut at = if block { BLOCK.len() } else { 1 };
    while let Some(&byte) = bytes.get(at) {
        let rest = after(bytes, at);
        at += match byte {
            b'\\' if block && rest.starts_with(ESCAPED_BLOCK) => ESCAPED_BLOCK.len(),
            b'\\' if !block => 2,
            b'"' if block && rest.starts_with(BLOCK) => return at + BLOCK.len(),
            b'"' if !block => return at + 1,
            b'\n' | b'\r' if !block => return at,
            _ => 1,
        };
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tokens(text: &str) -> Result<usize, TooExpensive> {
        count(text, &super::super::tests::limits())
    }

    #[test]
    fn tokens_are_counted_as_the_grammar_has_them() {
        for (text, expected) in [
            ("", 0),
            ("{ a }", 3),
            ("\u{feff}{ a, b, ,, }", 4),
            ("{ a # }}}}}\n b }", 4),
            ("query($n: [Int!]! = [1, -2.5e+3]) { a(n: $n) }", 25),
            ("{ ...a ... on B { c } }", 10),
            (r#"{ a(t: "}}} \" \\") }"#, 8),
            (r#"{ a(t: """ " "" \""" }}} """) }"#, 8),
            ("{ a(t: \"unfinished\n) }", 8),
            ("{ a(t: \"\"\"unfinished\n) }", 6),
            ("{ a(t: \"ends with a backslash\\", 6),
        ] {
            assert_eq!(tokens(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn sizes_are_limited() {
        assert_eq!(tokens(&"{".repeat(65)), Err(TooExpensive::Brackets));
        assert_eq!(tokens(&"[(".repeat(32)), Ok(64));
        assert_eq!(tokens(&"{}".repeat(1000)), Ok(2000));
        assert_eq!(tokens(&"{}".repeat(1001)), Err(TooExpensive::Tokens(2000)));
        assert_eq!(tokens(&" ".repeat(65_537)), Err(TooExpensive::Bytes(65_536)));
        assert_eq!(tokens(&"x".repeat(201)), Err(TooExpensive::Name));
        assert_eq!(tokens(&"x".repeat(200)), Ok(1));
    }

    proptest! {
        #[test]
        fn whatever_the_text_it_comes_to_an_end(text in "\\PC{0,200}|[\\{\\}\\(\\)\"\\\\#.a1\n -]{0,200}") {
            prop_assert!(tokens(&text).unwrap_or(0) <= text.len());
        }
    }
}
