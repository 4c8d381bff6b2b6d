//! What an app asks a person for (RFC 6749, section 4.1.1).

use entity::app;
use entity::enums::Scope;
use entity::ids::AppId;

use super::error::AskRefusal;
use super::redirect::is_same;
use super::{Consents, pkce, store};
use crate::kernel::{Failure, Fault, Person, Scopes, type_id};

/// As it stands in the address.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub client_id: String,
    pub redirect_uri: String,
    pub response_type: String,
    /// Between spaces; by default all that the app may ask for.
    pub scope: Option<String>,
    pub code_challenge: String,
    pub code_challenge_method: String,
}

/// What a person may be asked.
#[derive(Clone, Debug)]
pub struct Request {
    pub app: app::Model,
    /// One of the app's.
    pub redirect_uri: String,
    pub scopes: Scopes,
    pub challenge: String,
}

impl Consents {
    /// The app and its address first: before both are known nobody is sent anywhere.
    pub async fn read_request(&self, asked: &Asked) -> Result<Request, Failure<AskRefusal>> {
        let refused = |refusal| Err(Failure::Refused(refusal));
        let Some(id) = type_id::decode::<AppId>(&asked.client_id) else { return refused(AskRefusal::Client) };
        let app = store::find_app(self.db.read(), id).await?.filter(|app| app.revoked_at.is_none());
        let Some(app) = app else { return refused(AskRefusal::Client) };
        if !app.redirect_uris.lines().any(|registered| is_same(registered, &asked.redirect_uri)) {
            return refused(AskRefusal::RedirectUri);
        }
        if asked.response_type != "code" {
            return refused(AskRefusal::ResponseType);
        }
        if asked.code_challenge_method != pkce::METHOD || !pkce::is_challenge(&asked.code_challenge) {
            return refused(AskRefusal::Challenge);
        }
        let own = Scopes::of_words(&app.scopes);
        let scopes = asked.scope.as_deref().map_or(Some(own), scopes_of);
        let scopes = scopes.filter(|scopes| !scopes.is_empty() && own.lacking(*scopes).is_empty());
        let Some(scopes) = scopes else { return refused(AskRefusal::Scope) };
        let (redirect_uri, challenge) = (asked.redirect_uri.clone(), asked.code_challenge.clone());
        Ok(Request { app, redirect_uri, scopes, challenge })
    }
}

impl Consents {
    /// Goes into the form of the page that asks a person, and comes back with it: bound to the session, so that nobody else's
    /// page can answer for them, and to the question.
    pub fn form_token(&self, person: &Person, question: &str) -> Result<String, Fault> {
        self.signing_key.sign(&form(person, question))
    }

    pub fn is_form_token(&self, person: &Person, question: &str, token: &str) -> Result<bool, Fault> {
        self.signing_key.signed(&form(person, question), token)
    }
}

fn form(person: &Person, question: &str) -> String {
    format!("consent-form:{}:{question}", person.session)
}

/// Words between spaces; none when one is unknown.
pub(super) fn scopes_of(words: &str) -> Option<Scopes> {
    words.split(' ').filter(|word| !word.is_empty()).map(Scope::from_word).collect()
}
