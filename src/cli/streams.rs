//! Standard output and standard error that nobody may be reading.
//!
//! `kabinet … | head` closes the pipe after ten lines, and the macros of the standard library panic then. What was begun goes on
//! without telling.

use std::io::Write;

pub(super) fn out(text: &str) {
    // Flushed with each text: the lines of a long run are wanted as they come.
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

pub(super) fn err(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
