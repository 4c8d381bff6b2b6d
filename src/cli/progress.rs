//! Progress on standard error: a bar on a terminal, a line every few seconds elsewhere.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use super::streams;

const LINE_EVERY: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Progress {
    shown: Mutex<Shown>,
}

#[derive(Debug)]
enum Shown {
    Nothing,
    Bar(ProgressBar),
    Lines { what: String, length: u64, done: u64, began: Instant, told: Instant },
}

impl Progress {
    pub fn new() -> Self {
        Self { shown: Mutex::new(Shown::Nothing) }
    }

    pub fn begin(&self, what: String, length: u64) {
        let now = Instant::now();
        let shown = if std::io::stderr().is_terminal() {
            let bar = ProgressBar::new(length).with_prefix(what).with_style(style());
            Shown::Bar(bar)
        } else {
            Shown::Lines { what, length, done: 0, began: now, told: now }
        };
        self.replace(shown);
    }

    pub fn advance(&self, by: u64) {
        match &mut *self.shown.lock().unwrap_or_else(PoisonError::into_inner) {
            Shown::Nothing => {}
            Shown::Bar(bar) => bar.inc(by),
            Shown::Lines { what, length, done, began, told } => {
                *done += by;
                if told.elapsed() >= LINE_EVERY {
                    *told = Instant::now();
                    streams::err(&(line(what, *done, *length, began.elapsed()) + "\n"));
                }
            }
        }
    }

    pub fn end(&self) {
        self.replace(Shown::Nothing);
    }

    fn replace(&self, next: Shown) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if let Shown::Bar(bar) = &*shown {
            bar.finish_and_clear();
        }
        *shown = next;
    }
}

fn style() -> ProgressStyle {
    let template = "{prefix} {wide_bar} {human_pos}/{human_len}  {per_sec}  {eta} left";
    // The template is a constant: were it wrong, the default bar does as well.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn line(what: &str, done: u64, length: u64, elapsed: Duration) -> String {
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = done.saturating_mul(1000) / millis;
    let left = length.saturating_sub(done).checked_div(rate).map(|seconds| HumanDuration(Duration::from_secs(seconds)));
    let left = left.map_or_else(String::new, |left| format!(", {left} left"));
    format!("{what}: {done} of {length}, {rate}/s{left}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_the_rate_and_what_is_left() {
        let told = line("checking accounts.csv", 20_000, 80_000, Duration::from_secs(2));
        assert_eq!(told, "checking accounts.csv: 20000 of 80000, 10000/s, 6 seconds left");
        assert_eq!(line("x", 0, 5, Duration::ZERO), "x: 0 of 5, 0/s");
    }
}
