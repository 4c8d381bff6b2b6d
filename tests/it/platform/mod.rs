//! Mechanisms that behave alike in both ways to run.

mod keyvalue;
mod redis_lost;
