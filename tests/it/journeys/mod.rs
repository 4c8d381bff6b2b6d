//! People's whole ways through the cabinet.

mod first_visit;
