//! People's whole ways through the cabinet.

mod examples;
mod first_visit;
mod seed;
