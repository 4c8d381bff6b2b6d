//! Registration, confirmation, sign-in and sessions.

mod access_token;
mod audit;
mod agreement;
mod arrival;
mod busy;
mod captcha_outside;
mod captcha_sign_in;
mod captcha_solver;
mod confirmation;
mod decoy;
mod discretion;
mod email_change;
mod deletion;
mod erasure;
mod foreign_sign_in;
mod password;
mod preregistration;
mod profile;
mod registration;
mod retention;
mod session;
mod session_cookie;
mod session_list;
mod sign_in;
mod sign_in_brakes;
mod step_up;
mod two_factor;
mod two_factor_sign_in;
mod words;

pub use erasure::erasures;
