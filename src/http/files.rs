//! Files that the binary carries for browsers: `web/dist`, built by `make web`.

use std::borrow::Cow;

use poem::http::{HeaderMap, HeaderValue, StatusCode, header};
use poem::{IntoResponse, Request, Response};
use rust_embed::RustEmbed;

use super::answer;
use crate::config::Config;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/web/dist"]
struct Dist;

/// `/assets/…`.
pub fn asset(request: &Request) -> Response {
    let path = request.raw_path_param("path").unwrap_or_default();
    match Dist::get(path) {
        Some(file) => serve(path, file.data, file.metadata.sha256_hash(), request.headers()),
        None => answer::text(StatusCode::NOT_FOUND, "There is no such file.\n"),
    }
}

/// `/graphiql`: the developers' console.
pub fn graphiql(request: &Request, config: &Config) -> Response {
    if !config.graphiql() {
        return answer::text(StatusCode::NOT_FOUND, "GraphiQL is switched off (http.graphiql).\n");
    }
    let Some(file) = Dist::get("graphiql/index.html") else {
        return answer::text(StatusCode::NOT_FOUND, "GraphiQL is not built in: run `make web`, then build again.\n");
    };
    let mut response = serve("index.html", file.data, file.metadata.sha256_hash(), request.headers());
    if let Ok(policy) = HeaderValue::from_str(&console_policy(&config.http.public_url)) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The one style element that GraphiQL's dialogs add (react-remove-scroll); all else it sets through the DOM.
const DIALOG_STYLE: &str = "'sha256-nzTgYzXYDNe6BAHiiI7NNlfK8n/auuOAhh2t92YvuXo='";

/// GraphiQL keeps its fonts in data URLs; some browsers do not count a WebSocket as 'self'.
fn console_policy(public_url: &str) -> String {
    let socket = public_url.replacen("http", "ws", 1);
    let socket = socket.split('/').take(3).collect::<Vec<_>>().join("/");
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self' {DIALOG_STYLE}; img-src 'self' data:; \
         font-src 'self' data:; connect-src 'self' {socket}; base-uri 'none'; \
         object-src 'none'; frame-ancestors 'none'; form-action 'self'"
    )
}

fn serve(path: &str, data: Cow<'static, [u8]>, hash: [u8; 32], asked: &HeaderMap) -> Response {
    let tag = hash.iter().take(16).fold(String::from("\""), |tag, byte| tag + &format!("{byte:02x}")) + "\"";
    let known = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let known = known.flat_map(|value| value.split(',')).any(|value| value.trim().trim_start_matches("W/") == tag);
    // The name stays while the content changes: a browser asks each time, and mostly hears 304.
    let head = [(header::ETAG, tag.as_str()), (header::CACHE_CONTROL, "public, no-cache")];
    let response = head.into_iter().fold(Response::builder(), |response, (name, value)| response.header(name, value));
    if known {
        return response.status(StatusCode::NOT_MODIFIED).finish();
    }
    response.content_type(content_type(path)).body(data.into_owned()).into_response()
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "ttf" => "font/ttf",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_that_has_the_file_is_not_sent_it_again() {
        let serve = |asked: &HeaderMap| serve("graphiql/init.js", Cow::Borrowed(b"1"), [7; 32], asked);
        let first = serve(&HeaderMap::new());
        assert_eq!((first.status(), first.content_type()), (StatusCode::OK, Some("text/javascript; charset=utf-8")));
        let tag = first.headers()[header::ETAG].to_str().unwrap();
        for (known, status) in [(tag.to_owned(), 304), (format!("\"x\", W/{tag}"), 304), ("\"x\"".to_owned(), 200)] {
            let asked = HeaderMap::from_iter([(header::IF_NONE_MATCH, known.parse().unwrap())]);
            assert_eq!(serve(&asked).status().as_u16(), status, "{known}");
        }
    }

    #[test]
    fn the_console_may_open_a_socket_to_the_public_host_only() {
        let policy = console_policy("https://cabinet.example/base");
        assert!(policy.contains("connect-src 'self' wss://cabinet.example;"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}
