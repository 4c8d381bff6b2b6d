//! What an operator does with apps.

use std::convert::Infallible;

use chrono::{DateTime, TimeDelta, Utc};
use entity::app;
use entity::ids::AppId;

use super::error::{AddRefusal, AppRefusal};
use super::redirect::is_registrable;
use super::{Consents, SECRET_PREFIX, store};
use crate::kernel::{Failure, Fault, Scopes, type_id};
use crate::platform::keyvalue::Key;

/// Characters of a name.
const LONGEST_NAME: usize = 100;
/// Addresses that an app may send people back to.
const MOST_REDIRECTS: usize = 10;

/// What is registered.
#[derive(Clone, Debug)]
pub struct NewApp {
    pub name: String,
    pub redirect_uris: Vec<String>,
    pub scopes: Scopes,
    /// It cannot keep a secret, and gets none.
    pub public: bool,
}

/// A secret is shown here, once; none of a public app.
#[derive(Clone, Debug)]
pub struct Registered {
    pub app: app::Model,
    pub secret: Option<String>,
}

impl Consents {
    pub async fn add_app(&self, new: NewApp) -> Result<Registered, Failure<AddRefusal>> {
        let name = new.name.trim();
        if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            return Err(Failure::Refused(AddRefusal::Name));
        }
        if new.scopes.is_empty() {
            return Err(Failure::Refused(AddRefusal::NoScopes));
        }
        let count = new.redirect_uris.len();
        if count == 0 || count > MOST_REDIRECTS || !new.redirect_uris.iter().all(|uri| is_registrable(uri)) {
            return Err(Failure::Refused(AddRefusal::RedirectUri));
        }
        let secret = if new.public { None } else { Some(self.new_secret()?) };
        let app = app::Model {
            id: self.entropy.id(&self.clock)?,
            name: name.to_owned(),
            redirect_uris: new.redirect_uris.join("\n"),
            scopes: new.scopes.words(),
            public: new.public,
            secret_hash: secret.as_deref().map(hash),
            old_secret_hash: None,
            old_secret_ends_at: None,
            created_at: self.clock.now(),
            revoked_at: None,
        };
        let row = &app;
        let added = self.db.transaction(|tx| async move {
            store::insert_app_in(&tx, row.clone()).await?;
            Ok::<_, Failure<Infallible>>(())
        });
        added.await.map_err(Fault::from)?;
        tracing::info!(app = type_id::encode(app.id), "an app was registered");
        Ok(Registered { app, secret })
    }

    /// Every app, oldest first; those that were revoked only when asked for.
    pub async fn list_apps(&self, revoked_too: bool) -> Result<Vec<app::Model>, Fault> {
        store::list_apps(self.db.read(), revoked_too).await
    }

    /// Another secret; the one before it is good for so long yet, and one that was ending ends now.
    pub async fn rotate_app(&self, id: AppId, overlap: TimeDelta) -> Result<Registered, Failure<AppRefusal>> {
        let secret = self.new_secret()?;
        let (secret_hash, ends_at) = (&hash(&secret), self.clock.now() + overlap);
        let rotated = self.db.transaction(|tx| async move {
            let app = store::lock_app_in(&tx, id).await?.filter(|app| app.revoked_at.is_none());
            let app = app.ok_or(Failure::Refused(AppRefusal::NotFound))?;
            if app.public {
                return Err(Failure::Refused(AppRefusal::Public));
            }
            let rotated = app::Model {
                old_secret_hash: app.secret_hash.clone(),
                old_secret_ends_at: Some(ends_at),
                secret_hash: Some(secret_hash.clone()),
                ..app
            };
            store::update_secrets_in(&tx, &rotated).await?;
            Ok(rotated)
        });
        let app = rotated.await?;
        tracing::info!(app = type_id::encode(id), "an app got another secret");
        Ok(Registered { app, secret: Some(secret) })
    }

    /// Ends an app for ever, with everything that people let it do. Open connections look every second.
    pub async fn revoke_app(&self, id: AppId) -> Result<(), Failure<AppRefusal>> {
        let now = self.clock.now();
        let revoked = self.db.transaction(|tx| async move {
            if !store::revoke_app_in(&tx, id, now).await? {
                return Err(Failure::Refused(AppRefusal::NotFound));
            }
            Ok(())
        });
        revoked.await?;
        tracing::info!(app = type_id::encode(id), "an app was revoked");
        Ok(())
    }

    /// The app, when the secret is its; a public one shows none.
    pub(super) async fn proved_app(&self, id: AppId, secret: &str) -> Result<Option<app::Model>, Fault> {
        let app = store::find_app(self.db.read(), id).await?.filter(|app| app.revoked_at.is_none());
        Ok(app.filter(|app| is_proved(app, secret, self.clock.now())))
    }

    fn new_secret(&self) -> Result<String, Fault> {
        Ok(format!("{SECRET_PREFIX}{}", self.entropy.token()?))
    }
}

fn hash(secret: &str) -> String {
    Key::of_secret(secret).as_str().to_owned()
}

/// Hashes are compared, which tell nothing of a secret.
fn is_proved(app: &app::Model, secret: &str, now: DateTime<Utc>) -> bool {
    if app.public {
        return secret.is_empty();
    }
    let given = hash(secret);
    let old = app.old_secret_hash.as_ref().filter(|_| app.old_secret_ends_at.is_some_and(|ends_at| ends_at > now));
    app.secret_hash.as_ref() == Some(&given) || old == Some(&given)
}
