//! Makes documents on threads that may block, so many at a time, with a bounded queue before them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use super::write::write;
use super::{About, Sheet};
use crate::kernel::Fault;

/// A statement takes a core some milliseconds; more at a time only takes it away from who signs in.
const AT_ONCE: usize = 1;
/// Waiting or being made; more are turned away rather than kept.
const MOST: usize = 64;

#[derive(Debug)]
pub struct Press {
    permits: Arc<Semaphore>,
    standing: AtomicUsize,
}

impl Default for Press {
    fn default() -> Self {
        Self { permits: Arc::new(Semaphore::new(AT_ONCE)), standing: AtomicUsize::new(0) }
    }
}

impl Press {
    /// The bytes of a document that `layout` fills.
    pub async fn make(&self, about: About, layout: impl FnOnce(&mut Sheet) + Send + 'static) -> Result<Vec<u8>, Fault> {
        let place = Place::take(&self.standing)?;
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(Fault::internal)?;
        let made = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let mut sheet = Sheet::new()?;
            layout(&mut sheet);
            write(&sheet, &about)
        });
        let made = made.await.map_err(Fault::internal)?;
        drop(place);
        made
    }
}

struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(standing: &'a AtomicUsize) -> Result<Self, Fault> {
        let place = Self(standing);
        if standing.fetch_add(1, Ordering::SeqCst) >= MOST {
            return Err(Fault::unavailable("too many documents are being made"));
        }
        Ok(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::pdf::Style;

    fn about() -> About {
        let made_at = "2026-06-20T09:00:00Z".parse().unwrap();
        About { title: "Счёт".into(), author: "kabinet".into(), language: "ru", made_at }
    }

    #[tokio::test]
    async fn a_document_has_its_fonts_inside() {
        let press = Press::default();
        let made = press.make(about(), |sheet| {
            sheet.text(Style::TITLE, "Квитанция");
            sheet.text(Style::TEXT, "1956.85");
            sheet.code(&[vec![true, false], vec![false, true]], 2);
        });
        let bytes = made.await.unwrap();
        assert!(bytes.starts_with(b"%PDF-1."));
        let has = |text: &[u8]| bytes.windows(text.len()).any(|part| part == text);
        assert!(has(b"/FontFile") && has(b"/ToUnicode") && has(b"LiberationSans"), "embedded and searchable");
        assert!(bytes.len() < 60_000, "a subset, not whole fonts: {}", bytes.len());
    }

    #[tokio::test]
    async fn more_than_wait_are_turned_away() {
        let press = Press::default();
        let blocked = Arc::clone(&press.permits).acquire_owned().await.unwrap();
        let mut waiting: Vec<_> = (0..MOST).map(|_| Box::pin(press.make(about(), |_| ()))).collect();
        for one in &mut waiting {
            assert!(futures_util::poll!(one).is_pending());
        }
        assert!(matches!(press.make(about(), |_| ()).await, Err(Fault::Unavailable(_))));
        drop(waiting);
        drop(blocked);
        assert!(press.make(about(), |_| ()).await.is_ok(), "who went away leaves a place");
    }
}
