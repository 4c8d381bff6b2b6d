//! Documents and requests that mean harm, up to 64 KB each. The benchmark `hostile` reads this file too.

use std::fmt::Write as _;

use serde_json::{Value, json};

pub struct Family {
    pub name: &'static str,
    pub body: Vec<u8>,
    /// Code of the first error; empty: it is within the limits and answered.
    pub code: &'static str,
}

const EXPENSIVE: &str = "QUERY_TOO_EXPENSIVE";
const BAD: &str = "BAD_INPUT";
const FINE: &str = "";

fn of(name: &'static str, code: &'static str, query: impl Into<String>) -> Family {
    with(name, code, query, json!({}))
}

fn with(name: &'static str, code: &'static str, query: impl Into<String>, variables: impl Into<Value>) -> Family {
    let body = json!({ "query": query.into(), "variables": variables.into() }).to_string().into_bytes();
    Family { name, body, code }
}

fn raw(name: &'static str, code: &'static str, body: impl Into<Vec<u8>>) -> Family {
    Family { name, body: body.into(), code }
}

fn each(times: usize, piece: impl Fn(usize) -> String) -> String {
    (0..times).map(piece).collect()
}

fn nested(open: &str, middle: &str, close: &str, times: usize) -> String {
    format!("{}{middle}{}", open.repeat(times), close.repeat(times))
}

/// Fragments of which each spreads the next one `times` times.
fn fan_out(start: &str, levels: usize, times: usize) -> String {
    let mut query = start.to_owned();
    for level in 0..levels {
        let spreads = format!("...f{} ", level + 1).repeat(times);
        let _ = write!(query, " fragment f{level} on Query {{ {spreads}}}");
    }
    query + &format!(" fragment f{levels} on Query {{ __typename }}")
}

pub fn families() -> Vec<Family> {
    [
        fragments(),
        repetition(),
        nesting(),
        letters(),
        variables(),
        schema(),
        products(),
        operations(),
        errors(),
        envelopes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn fragments() -> Vec<Family> {
    let deep = each(49, |i| {
        format!(" fragment f{i} on Query {{ {} }}", nested("... on Query {", &format!("...f{}", i + 1), "}", 20))
    });
    vec![
        of("fragments that double", EXPENSIVE, fan_out("{ ...f0 }", 31, 2)),
        of("fragments that multiply by four", EXPENSIVE, fan_out("{ ...f0 }", 45, 4)),
        of("fragments that double and nobody spreads", EXPENSIVE, fan_out("{ __typename }", 31, 2)),
        of("fragments in a chain of thousands", EXPENSIVE, fan_out("{ ...f0 }", 1400, 1)),
        of(
            "fragments in a chain, deep within",
            EXPENSIVE,
            format!("{{ ...f0 }}{deep} fragment f49 on Query {{ __typename }}"),
        ),
        of("a fragment that spreads itself", EXPENSIVE, "{ ...a } fragment a on Query { ...a }"),
        of(
            "a ring of fragments",
            EXPENSIVE,
            format!("{{ ...f0 }}{}", each(40, |i| format!(" fragment f{i} on Query {{ ...f{} }}", (i + 1) % 40))),
        ),
        of(
            "fragments that nobody spreads",
            EXPENSIVE,
            format!("{{ __typename }}{}", each(1500, |i| format!(" fragment f{i} on Query {{ __typename }}"))),
        ),
        of(
            "spreads by the hundred",
            EXPENSIVE,
            format!("{{ {} }} fragment a on Query {{ __typename }}", "...a ".repeat(600)),
        ),
        of("spreads of nothing", BAD, format!("{{ {} }}", each(190, |i| format!("...a{i} ")))),
        of("inline fragments side by side", EXPENSIVE, format!("{{ {} }}", "... { __typename } ".repeat(3000))),
    ]
}

fn repetition() -> Vec<Family> {
    let sign_in = "signIn(input: { email: \"a@b.c\", password: \"12345678\" }) { token }";
    vec![
        of("aliases to 64 KB", EXPENSIVE, format!("{{ {} }}", each(3500, |i| format!("a{i}: __typename ")))),
        of("aliases, one too many", EXPENSIVE, format!("{{ viewer {{ {} }} }}", each(51, |i| format!("a{i}: id ")))),
        of(
            "sign-ins under aliases",
            EXPENSIVE,
            format!("mutation {{ {} }}", each(250, |i| format!("a{i}: {sign_in} "))),
        ),
        of("two sign-ins", EXPENSIVE, format!("mutation {{ a: {sign_in} b: {sign_in} }}")),
        of(
            "two sign-ins, one in a fragment",
            EXPENSIVE,
            format!("mutation {{ {sign_in} ...f }} fragment f on Mutation {{ b: {sign_in} }}"),
        ),
        of(
            "a known directive again and again",
            EXPENSIVE,
            format!("{{ __typename {} }}", "@skip(if: false) ".repeat(3000)),
        ),
        of("an unknown directive again and again", EXPENSIVE, format!("{{ __typename {} }}", "@a ".repeat(900))),
        of(
            "directives everywhere",
            EXPENSIVE,
            format!("{{ {} }}", "__typename @skip(if: false) @include(if: true) ".repeat(60)),
        ),
        of("directives on the operation", EXPENSIVE, format!("query {} {{ __typename }}", "@a ".repeat(900))),
        of("directives on variables", EXPENSIVE, format!("query($n: Int {}) {{ __typename }}", "@a ".repeat(900))),
        of(
            "arguments by the thousand",
            EXPENSIVE,
            format!("{{ viewer({}) {{ id }} }}", each(5000, |i| format!("a{i}: 1 "))),
        ),
        of(
            "arguments that nobody knows",
            BAD,
            format!("{{ viewer({}) {{ id }} }}", each(190, |i| format!("a{i}: 1 "))),
        ),
        of("one field a thousand times", EXPENSIVE, format!("{{ {} }}", "__typename ".repeat(1900))),
        of("one field to 64 KB", EXPENSIVE, format!("{{ {} }}", "__typename ".repeat(5900))),
    ]
}

fn nesting() -> Vec<Family> {
    vec![
        of("selections within selections", EXPENSIVE, nested("{a", "{a}", "}", 20_000)),
        of("selections, deeper than is allowed", EXPENSIVE, nested("{ viewer ", "{ id }", "}", 16)),
        of(
            "inline fragments within each other",
            EXPENSIVE,
            format!("{{ {} }}", nested("... {", "__typename", "}", 9000)),
        ),
        of("lists within lists", EXPENSIVE, format!("{{ nodes(ids: {}) {{ id }} }}", nested("[", "1", "]", 30_000))),
        of(
            "objects within objects",
            EXPENSIVE,
            format!("{{ node(id: {}) {{ id }} }}", nested("{a:", "1", "}", 15_000)),
        ),
        of("lists of types", EXPENSIVE, format!("query($n: {}) {{ __typename }}", nested("[", "Int", "]", 30_000))),
        of(
            "lists as a default",
            EXPENSIVE,
            format!("query($n: Int = {}) {{ __typename }}", nested("[", "1", "]", 30_000)),
        ),
        of(
            "lists, as deep as brackets may be",
            BAD,
            format!("{{ nodes(ids: {}) {{ id }} }}", nested("[", "1", "]", 60)),
        ),
        of("brackets that nobody closes", EXPENSIVE, "{".repeat(60_000)),
        of("a few brackets that nobody closes", BAD, "{a".repeat(60)),
        of("brackets that nobody opened", EXPENSIVE, "}".repeat(60_000)),
        of("brackets of all kinds", EXPENSIVE, "{[(".repeat(20_000)),
    ]
}

fn letters() -> Vec<Family> {
    let node = |id: &str| format!("{{ node(id: {id}) {{ id }} }}");
    vec![
        of("a long text", FINE, node(&format!("\"{}\"", "x".repeat(60_000)))),
        of("a long block of text", FINE, node(&format!("\"\"\"{}\"\"\"", " \n x".repeat(15_000)))),
        of("a block of quotes", FINE, node(&format!("\"\"\"{}\"\"\"", "\\\"\"\"".repeat(12_000)))),
        of("a text of escapes", FINE, node(&format!("\"{}\"", "\\u0041".repeat(9000)))),
        of("a text that does not end", BAD, format!("{{ node(id: \"{}", "x".repeat(60_000))),
        of("a block that does not end", BAD, format!("{{ node(id: \"\"\"{}", "x\n".repeat(30_000))),
        of(
            "a number of 60,000 digits",
            BAD,
            format!("{{ providers(first: {}) {{ nodes {{ id }} }} }}", "9".repeat(60_000)),
        ),
        of("a number out of all bounds", BAD, "{ providers(first: 1e999999999) { nodes { id } } }"),
        of("comments", FINE, format!("{}\n{{ __typename }}", "#x\n".repeat(20_000))),
        of("one long comment", FINE, format!("#{}\n{{ __typename }}", "{".repeat(60_000))),
        of("commas", FINE, format!("{{ {} __typename }}", ",".repeat(60_000))),
        of("byte order marks", FINE, format!("{{ {} __typename }}", "\u{feff}".repeat(20_000))),
        of("letters of other alphabets", EXPENSIVE, "ы".repeat(30_000)),
        of("a name in other letters", BAD, "{ имя }"),
        of("zero bytes", EXPENSIVE, "\0".repeat(10_000)),
        of("a zero byte", BAD, "{ __typename \0 }"),
        of("a name of 60,000 letters", EXPENSIVE, format!("{{ {} }}", "x".repeat(60_000))),
        of("an alias of 60,000 letters", EXPENSIVE, format!("{{ {}: __typename }}", "x".repeat(60_000))),
        of("dots", EXPENSIVE, format!("{{ {} }}", ".".repeat(60_000))),
        of("a document past its length", EXPENSIVE, format!("{{ __typename }}{}", " ".repeat(66_000))),
    ]
}

fn variables() -> Vec<Family> {
    let ids = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let definitions = |n: usize| format!("query({}) {{ __typename }}", each(n, |i| format!("$a{i}: Int ")));
    let deep =
        |n: usize| format!("{{\"query\":\"{{ __typename }}\",\"variables\":{{\"a\":{}}}}}", nested("[", "1", "]", n));
    vec![
        of("definitions of variables to 64 KB", EXPENSIVE, definitions(5000)),
        of("definitions of variables, too many", EXPENSIVE, definitions(101)),
        of("variables that nobody uses", BAD, definitions(90)),
        of("one variable defined again and again", BAD, format!("query({}) {{ __typename }}", "$a: Int ".repeat(90))),
        of(
            "variables that nobody defined",
            BAD,
            format!("{{ {} }}", each(20, |i| format!("node(id: $a{i}) {{ id }} "))),
        ),
        with("a variable of thousands of values", EXPENSIVE, ids, json!({ "ids": vec!["x"; 12_000] })),
        with(
            "thousands of variables",
            EXPENSIVE,
            "{ __typename }",
            (0..5000).map(|i| (format!("a{i}"), json!(1))).collect::<Value>(),
        ),
        raw("a variable a hundred deep", EXPENSIVE, deep(100)),
        raw("a variable deeper than JSON goes", BAD, deep(30_000)),
        with(
            "a long text in a variable that nobody asked for",
            FINE,
            "{ __typename }",
            json!({ "a": "x".repeat(60_000) }),
        ),
        with(
            "a list where one id belongs",
            BAD,
            "query($id: ID!) { node(id: $id) { id } }",
            json!({ "id": vec![1; 1900] }),
        ),
        with("more ids than are taken at once", BAD, ids, json!({ "ids": vec!["x"; 1900] })),
        with(
            "one variable used everywhere",
            EXPENSIVE,
            format!("query($i: [ID!]!) {{ {} }}", each(19, |i| format!("a{i}: nodes(ids: $i) {{ id }} "))),
            json!({ "i": vec!["x"; 1900] }),
        ),
    ]
}

fn schema() -> Vec<Family> {
    vec![
        of(
            "types of fields of types of fields",
            EXPENSIVE,
            format!("{{ __schema {{ types {} }} }}", nested("{ fields { type ", "{ name }", "} }", 5)),
        ),
        of(
            "implementations of implementations",
            EXPENSIVE,
            format!(
                "{{ __schema {{ types {} }} }}",
                nested("{ possibleTypes { interfaces ", "{ fields { name } }", "} }", 5)
            ),
        ),
        of(
            "the whole schema under aliases",
            EXPENSIVE,
            format!("{{ {} }}", each(40, |i| format!("a{i}: __schema {{ types {{ name fields {{ name }} }} }} "))),
        ),
        of(
            "the schema twenty times",
            EXPENSIVE,
            format!(
                "{{ {} }}",
                each(20, |i| format!(
                    "a{i}: __schema {{ types {{ fields {{ args {{ name type {{ name fields {{ name }} }} }} }} }} }} "
                ))
            ),
        ),
        of(
            "ofType within ofType",
            EXPENSIVE,
            format!("{{ __type(name: \"User\") {} }}", nested("{ ofType ", "{ name }", "}", 50)),
        ),
    ]
}

fn products() -> Vec<Family> {
    let pages = "viewer { personalAccounts(first: N) { nodes { statements(first: N) { nodes { lines { service } } } ledger(first: N) { nodes { id } } } } }";
    vec![
        of("pages within pages", EXPENSIVE, format!("{{ {} }}", pages.replace('N', "100"))),
        with(
            "pages within pages, by a variable",
            EXPENSIVE,
            format!("query($n: Int!) {{ {} }}", pages.replace('N', "$n")),
            json!({ "n": 100 }),
        ),
        of(
            "pages within pages, by a default",
            EXPENSIVE,
            format!("query($n: Int = 100) {{ {} }}", pages.replace('N', "$n")),
        ),
        of("ids by the thousand", EXPENSIVE, format!("{{ nodes(ids: [{}]) {{ id }} }}", "\"x\" ".repeat(15_000))),
        of(
            "the same page again and again",
            EXPENSIVE,
            format!(
                "{{ {} }}",
                each(20, |i| format!(
                    "a{i}: providers(first: 100) {{ edges {{ cursor node {{ id name code }} }} nodes {{ id name code __typename }} }} "
                ))
            ),
        ),
    ]
}

fn operations() -> Vec<Family> {
    vec![
        of("operations by the hundred", EXPENSIVE, each(300, |i| format!("query q{i} {{ __typename }} "))),
        of("operations to 64 KB", EXPENSIVE, each(2500, |i| format!("query q{i} {{ __typename }} "))),
        of("operations without a name", BAD, "{ __typename } ".repeat(40)),
        of("operations of one name", BAD, "query a { __typename } ".repeat(40)),
        of(
            "a subscription with many roots",
            BAD,
            format!("subscription {{ {} }}", each(15, |i| format!("a{i}: balanceUpdated {{ cursor }} "))),
        ),
        of("fields at the root", EXPENSIVE, format!("{{ {} }}", each(45, |i| format!("a{i}: viewer {{ id }} ")))),
    ]
}

fn errors() -> Vec<Family> {
    vec![
        of("hundreds of unknown fields", BAD, format!("{{ {} }}", each(1900, |i| format!("viewr{i} ")))),
        of(
            "unknown fields with long names",
            BAD,
            format!("{{ {} }}", each(300, |i| format!("{}{i} ", "v".repeat(195)))),
        ),
        of(
            "fields in conflict",
            BAD,
            format!("{{ {} }}", each(18, |i| format!("providers(first: {}) {{ nodes {{ id }} }} ", i + 1))),
        ),
        of("aliases in conflict", BAD, format!("{{ viewer {{ {} }} }}", "a: id a: email ".repeat(24))),
        of("unknown types", BAD, format!("{{ {} }}", each(190, |i| format!("... on T{i} {{ a }} ")))),
        of(
            "an input of unknown fields",
            BAD,
            format!("mutation {{ signIn(input: {{ {} }}) {{ token }} }}", each(600, |i| format!("a{i}: 1 "))),
        ),
        of("no selection at all", BAD, "{ viewer }"),
        of("nothing", BAD, ""),
    ]
}

fn envelopes() -> Vec<Family> {
    let query = r#""query":"{ __typename }""#;
    vec![
        raw("bytes that are no UTF-8", BAD, [b"{\"query\":\"{ \xff\xfe }\"}".as_slice(), &[0xff; 60_000]].concat()),
        raw("half a surrogate pair", BAD, r#"{"query":"{ \ud800 }"}"#),
        raw("a batch of a thousand", BAD, format!("[{}]", vec![format!("{{{query}}}"); 1000].join(","))),
        raw("a body of brackets", BAD, "[".repeat(60_000)),
        raw("a long operation name", BAD, format!("{{{query},\"operationName\":\"{}\"}}", "x".repeat(60_000))),
        raw("members that nobody knows", FINE, format!("{{{}{query}}}", each(4000, |i| format!("\"a{i}\":[],")))),
        raw(
            "a hash of another text",
            BAD,
            format!(
                "{{{query},\"extensions\":{{\"persistedQuery\":{{\"version\":1,\"sha256Hash\":\"{}\"}}}}}}",
                "0".repeat(64)
            ),
        ),
        raw(
            "a hash that is none",
            BAD,
            format!(
                "{{\"extensions\":{{\"persistedQuery\":{{\"version\":1,\"sha256Hash\":\"{}\"}}}}}}",
                "0".repeat(60_000)
            ),
        ),
        raw(
            "an id of a document, 60,000 letters long",
            "NOT_FOUND",
            format!("{{\"documentId\":\"{}\"}}", "x".repeat(60_000)),
        ),
        raw("the same member again and again", FINE, format!("{{{}}}", vec![query; 2000].join(","))),
    ]
}
