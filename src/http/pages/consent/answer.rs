//! The way back to the app (RFC 6749, sections 4.1.2 and 4.1.2.1; RFC 9207).

use poem::Response;
use poem::http::{HeaderValue, StatusCode, header};

use crate::config::Config;
use crate::http::ConsentAsked;
use crate::http::shield::CONTENT_SECURITY_POLICY;

/// By GET: no password is sent on (RFC 9700, section 4.12).
pub fn back(place: &str) -> poem::ResponseBuilder {
    Response::builder().status(StatusCode::SEE_OTHER).header(header::LOCATION, place)
}

pub fn code_back(asked: &ConsentAsked, config: &Config, code: &str) -> Response {
    back(&way(asked, config, &[("code", code)])).finish()
}

pub fn refused_back(asked: &ConsentAsked, config: &Config, error: &str) -> Response {
    back(&way(asked, config, &[("error", error)])).finish()
}

/// The state is the app's own, and goes back as it came. `iss` says who answers, to an app that asks several.
fn way(asked: &ConsentAsked, config: &Config, answer: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in answer {
        query.append_pair(name, value);
    }
    if let Some(state) = &asked.state {
        query.append_pair("state", state);
    }
    query.append_pair("iss", config.http.public_url.trim_end_matches('/'));
    let address = &asked.redirect_uri;
    let joint = if address.contains('?') { '&' } else { '?' };
    format!("{address}{joint}{}", query.finish())
}

/// Browsers hold a form's answer to the policy too: a form that is answered by the way back must be allowed to go there.
pub fn with_way_back(mut response: Response, address: &str) -> Response {
    // Policies have no word for an IPv6 address: any address of the machine's own kind of scheme then.
    let place = crate::consent::redirect::origin(address).unwrap_or("http:");
    if let Ok(policy) = HeaderValue::from_str(&format!("{CONTENT_SECURITY_POLICY} {place}")) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_bears_state_and_issuer() {
        let mut config = crate::http::testing::config();
        config.http.public_url = "https://cabinet.example".to_owned();
        let mut asked = ConsentAsked { redirect_uri: "https://app.example/back".to_owned(), ..Default::default() };
        assert_eq!(
            way(&asked, &config, &[("error", "access_denied")]),
            "https://app.example/back?error=access_denied&iss=https%3A%2F%2Fcabinet.example"
        );
        asked.redirect_uri.push_str("?x=1");
        asked.state = Some("a&b=c#d".to_owned());
        assert_eq!(
            way(&asked, &config, &[("code", "gcode_1")]),
            "https://app.example/back?x=1&code=gcode_1&state=a%26b%3Dc%23d&iss=https%3A%2F%2Fcabinet.example"
        );
    }
}
