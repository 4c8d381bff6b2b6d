//! What slows down who guesses passwords, and never locks the owner out.
//!
//! A login's own brake can be held down by any stranger, so a place that the owner has signed in from before passes by
//! it, and has a brake of its own. From elsewhere the owner still comes in through the mailbox, which releases it.

use chrono::TimeDelta;
use entity::ids::UserId;
use entity::user;

use crate::config::{CaptchaConfig, IdentityConfig};
use crate::kernel::{Actor, Clock, EmailAddress, Fault, network};
use crate::platform::brake::Brake;
use crate::platform::keyvalue::{Entry, Key, KeyValue, Pressed, Rule, Space};

const PLACES: Space = Space("place");
const KEEP_PLACES: TimeDelta = TimeDelta::days(180);
/// Who has no place yet and confirmed their address so short a time ago signs in for the first time.
const FIRST_SIGN_IN: TimeDelta = TimeDelta::days(7);

#[derive(Debug)]
pub struct Brakes {
    by_address: Brake,
    by_login: Brake,
    by_place: Brake,
    by_code: Brake,
    captcha: CaptchaAfter,
    keys: KeyValue,
    clock: Clock,
}

/// Wrong passwords after which a captcha is asked for; 0: never.
#[derive(Clone, Copy, Debug)]
struct CaptchaAfter {
    of_login: u32,
    of_address: u32,
}

/// A sign-in that may be tried.
pub struct Try {
    address: String,
    place: String,
    known: bool,
    /// So many tries were wrong before that a person must show that they are one. The same for a login that nobody has.
    pub asks_captcha: bool,
}

impl Brakes {
    pub fn new(keys: &KeyValue, clock: &Clock, config: &IdentityConfig, captcha: &CaptchaConfig) -> Self {
        let rule = |free, most| Rule { free, first: TimeDelta::seconds(1), most, forget: TimeDelta::hours(1) };
        let brake = |name, rule| Brake::new(keys.clone(), clock.clone(), name, rule);
        let login = rule(config.sign_in_free_tries, TimeDelta::minutes(15));
        Self {
            by_address: brake("address", rule(config.sign_in_free_tries_per_address, TimeDelta::minutes(1))),
            by_login: brake("login", login),
            by_place: brake("place", login),
            by_code: brake("code", Rule { forget: TimeDelta::days(1), ..login }),
            captcha: CaptchaAfter {
                of_login: captcha.sign_in_failures,
                of_address: captcha.sign_in_failures_per_address,
            },
            keys: keys.clone(),
            clock: clock.clone(),
        }
    }

    /// Err: how long to wait. The same for a login that nobody has.
    pub async fn press(&self, actor: &Actor, login: &EmailAddress) -> Result<Result<Try, TimeDelta>, Fault> {
        let address = network(actor.address).to_string();
        let place = format!("{login} {address} {}", actor.device);
        let known = self.keys.get(PLACES, &Key::of_secret(&place)).await?.is_some();
        let CaptchaAfter { of_login, of_address } = self.captcha;
        let mut asks_captcha = false;
        for (brake, subject, applies, captcha_after) in [
            (&self.by_address, address.as_str(), true, of_address),
            (&self.by_place, place.as_str(), true, of_login),
            (&self.by_login, login.as_str(), !known, of_login),
        ] {
            if !applies {
                continue;
            }
            match brake.press(subject).await? {
                Pressed::Early(wait) => return Ok(Err(wait)),
                Pressed::Taken { tries } => asks_captcha |= captcha_after > 0 && tries > captcha_after,
            }
        }
        Ok(Ok(Try { address, place, known, asks_captcha }))
    }

    /// A guess at a code of the second factor: by the person, whose password the guesser knows. Neither a place that is
    /// known nor the mailbox passes by it. Err: how long to wait.
    pub async fn press_code(&self, user_id: UserId) -> Result<Result<(), TimeDelta>, Fault> {
        Ok(match self.by_code.press(&user_id.0.to_string()).await? {
            Pressed::Taken { .. } => Ok(()),
            Pressed::Early(wait) => Err(wait),
        })
    }

    /// The code was right.
    pub async fn release_code(&self, user_id: UserId) -> Result<(), Fault> {
        self.by_code.release(&user_id.0.to_string()).await
    }

    /// The password was right, but not the owner's proof: the try costs nothing, and the place stays as it was. An
    /// unconfirmed person would otherwise clear the way for guesses at the owner's password.
    pub async fn give_back(&self, login: &EmailAddress, tried: &Try) -> Result<(), Fault> {
        self.by_address.give_back(&tried.address).await?;
        self.by_place.give_back(&tried.place).await?;
        if !tried.known {
            self.by_login.give_back(login.as_str()).await?;
        }
        Ok(())
    }

    /// The owner's password was right: the try costs nothing, and the place is known from now on.
    pub async fn succeeded(&self, login: &EmailAddress, tried: &Try, owner: uuid::Uuid) -> Result<(), Fault> {
        self.by_address.give_back(&tried.address).await?;
        self.by_place.release(&tried.place).await?;
        if !tried.known {
            self.by_login.give_back(login.as_str()).await?;
        }
        let expires_at = self.clock.now() + KEEP_PLACES;
        let entry = Entry { owner: Some(owner), value: String::new(), expires_at };
        self.keys.put(PLACES, &Key::of_secret(&tried.place), &entry).await
    }

    /// For a person whose login is another now: places are known by login.
    pub async fn forget_places(&self, owner: uuid::Uuid) -> Result<(), Fault> {
        self.keys.delete_of(PLACES, owner).await
    }

    /// Whether the person should be told of this sign-in: nobody signed in from there before. Who has signed in from nowhere
    /// is told as well, unless they have just confirmed: places are forgotten in time, and with the key store.
    pub async fn is_news(&self, tried: &Try, user: &user::Model) -> Result<bool, Fault> {
        let Some(confirmed_at) = user.email_confirmed_at.filter(|_| !tried.known) else { return Ok(false) };
        let first = self.clock.now() - confirmed_at < FIRST_SIGN_IN;
        Ok(!first || !self.keys.list_of(PLACES, user.id.0).await?.is_empty())
    }

    /// For who came in through the mailbox.
    pub async fn release(&self, login: &str) -> Result<(), Fault> {
        self.by_login.release(login).await
    }
}
