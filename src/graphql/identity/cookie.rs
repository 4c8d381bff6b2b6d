//! The session's cookie, as RFC 6265bis has it.

use async_graphql::Context;
use chrono::TimeDelta;

use crate::config::HttpConfig;

/// Without `until` the browser forgets it when it is closed.
pub fn give(ctx: &Context<'_>, config: &HttpConfig, token: &str, until: Option<TimeDelta>) {
    let lasts = until.map(|until| format!("; Max-Age={}", until.num_seconds())).unwrap_or_default();
    set(ctx, config, token, &lasts);
}

pub fn take_back(ctx: &Context<'_>, config: &HttpConfig) {
    set(ctx, config, "", "; Max-Age=0");
}

/// Lax: a link in a letter and the way back from the bank keep the session, a foreign page's form does not have it.
fn set(ctx: &Context<'_>, config: &HttpConfig, value: &str, lasts: &str) {
    ctx.append_http_header("set-cookie", header(config, value, lasts));
}

/// As the header Set-Cookie has it; `lasts` begins with a semicolon, or is empty.
pub fn header(config: &HttpConfig, value: &str, lasts: &str) -> String {
    let secure = if config.https() { "; Secure" } else { "" };
    let name = config.session_cookie();
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{lasts}")
}
