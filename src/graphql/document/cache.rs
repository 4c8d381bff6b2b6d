//! Plans by their documents' hashes, bounded, and shared fairly.
//!
//! A new document is kept on probation, in the few places that its source has. Its second use brings it among the kept
//! ones, where a source has a share: whoever exceeds it loses the oldest of its own. A document that a second source
//! uses belongs to all and counts for nobody. So a flood of documents from one source pushes out that source's only.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::plan::Plan;
use crate::config::DocumentCacheLimits;
use crate::kernel::network;

/// SHA-256 of a document's text.
pub type Hash = [u8; 32];

/// Documents of one source on probation.
const PROBATION: usize = 8;
/// Sources that have documents on probation.
const SOURCES: usize = 256;
/// A source may own one of so many kept documents.
const SHARE: usize = 8;

/// Who brings documents: a network that one customer is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Source(IpAddr);

impl Source {
    pub fn of(address: IpAddr) -> Self {
        Self(network(address))
    }
}

pub struct Cache {
    limits: DocumentCacheLimits,
    shelves: Mutex<Shelves>,
}

#[derive(Default)]
struct Shelves {
    kept: HashMap<Hash, Kept>,
    bytes: usize,
    probation: HashMap<Source, VecDeque<(Hash, Arc<Plan>)>>,
    /// Sources on probation, the first come first.
    sources: VecDeque<Source>,
    uses: u64,
}

struct Kept {
    plan: Arc<Plan>,
    /// None: several sources use it.
    owner: Option<Source>,
    used: u64,
}

impl Cache {
    pub fn new(limits: DocumentCacheLimits) -> Self {
        Self { limits, shelves: Mutex::default() }
    }

    /// The plan of a document that was seen before.
    pub fn find(&self, hash: &Hash, source: Source) -> Option<Arc<Plan>> {
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        shelves.use_kept(hash, source).or_else(|| {
            let (owner, plan) = shelves.take_from_probation(hash, source)?;
            shelves.keep(*hash, Arc::clone(&plan), owner, &self.limits);
            Some(plan)
        })
    }

    /// Keeps the plan of a valid document, at first on probation.
    pub fn add(&self, hash: Hash, plan: Arc<Plan>, source: Source) {
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        if shelves.kept.contains_key(&hash) || plan.bytes > self.limits.bytes / SHARE {
            return;
        }
        if !shelves.probation.contains_key(&source) {
            if shelves.sources.len() >= SOURCES
                && let Some(first) = shelves.sources.pop_front()
            {
                shelves.probation.remove(&first);
            }
            shelves.sources.push_back(source);
        }
        let places = shelves.probation.entry(source).or_default();
        if places.iter().all(|(known, _)| *known != hash) {
            if places.len() >= PROBATION {
                places.pop_front();
            }
            places.push_back((hash, plan));
        }
    }

    /// Kept documents, those on probation, and the estimated bytes of the former.
    #[cfg(test)]
    fn size(&self) -> (usize, usize, usize) {
        let shelves = self.shelves.lock().unwrap();
        assert_eq!(shelves.bytes, shelves.kept.values().map(|kept| kept.plan.bytes).sum::<usize>());
        assert_eq!(shelves.probation.len(), shelves.sources.len());
        (shelves.kept.len(), shelves.probation.values().map(VecDeque::len).sum(), shelves.bytes)
    }
}

impl Shelves {
    fn use_kept(&mut self, hash: &Hash, source: Source) -> Option<Arc<Plan>> {
        let kept = self.kept.get_mut(hash)?;
        if kept.owner.is_some_and(|owner| owner != source) {
            kept.owner = None;
        }
        self.uses += 1;
        kept.used = self.uses;
        Some(Arc::clone(&kept.plan))
    }

    /// Also another source's: then it belongs to both.
    fn take_from_probation(&mut self, hash: &Hash, source: Source) -> Option<(Option<Source>, Arc<Plan>)> {
        let place = |places: &VecDeque<(Hash, Arc<Plan>)>| places.iter().position(|(known, _)| known == hash);
        let own = self.probation.get(&source).is_some_and(|places| place(places).is_some());
        let found = if own { source } else { *self.probation.iter().find(|(_, places)| place(places).is_some())?.0 };
        let places = self.probation.get_mut(&found)?;
        let (_, plan) = place(places).and_then(|index| places.remove(index))?;
        if places.is_empty() {
            self.probation.remove(&found);
            self.sources.retain(|source| *source != found);
        }
        Some((own.then_some(source), plan))
    }

    fn keep(&mut self, hash: Hash, plan: Arc<Plan>, owner: Option<Source>, limits: &DocumentCacheLimits) {
        self.uses += 1;
        self.bytes += plan.bytes;
        self.kept.insert(hash, Kept { plan, owner, used: self.uses });
        if owner.is_some() {
            self.cut_to_share(owner, limits);
        }
        while self.kept.len() > limits.entries || self.bytes > limits.bytes {
            // A look through all of them, which only a new document pays for: a known one would pay for every order.
            let Some(oldest) = self.kept.iter().min_by_key(|(_, kept)| kept.used).map(|(hash, _)| *hash) else { break };
            self.drop_kept(oldest);
        }
    }

    fn cut_to_share(&mut self, owner: Option<Source>, limits: &DocumentCacheLimits) {
        let of_owner = |kept: &&Kept| kept.owner == owner;
        let (mut number, mut bytes) =
            self.kept.values().filter(of_owner).fold((0, 0), |(n, bytes), kept| (n + 1, bytes + kept.plan.bytes));
        while number > 1 && (number > limits.entries / SHARE || bytes > limits.bytes / SHARE) {
            let own = self.kept.iter().filter(|(_, kept)| of_owner(kept));
            let Some((hash, kept)) = own.min_by_key(|(_, kept)| kept.used) else { return };
            (number, bytes) = (number - 1, bytes - kept.plan.bytes);
            self.drop_kept(*hash);
        }
    }

    fn drop_kept(&mut self, hash: Hash) {
        if let Some(kept) = self.kept.remove(&hash) {
            self.bytes -= kept.plan.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(bytes: usize) -> Arc<Plan> {
        Arc::new(Plan::of_size(bytes))
    }

    fn hash(number: u64) -> Hash {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&number.to_be_bytes());
        hash
    }

    fn source(number: u8) -> Source {
        Source::of(IpAddr::from([10, 0, 0, number]))
    }

    fn cache() -> Cache {
        Cache::new(DocumentCacheLimits { entries: 80, bytes: 80_000 })
    }

    /// Twice: once to be known, once to be kept.
    fn bring(cache: &Cache, number: u64, bytes: usize, from: Source) {
        cache.add(hash(number), plan(bytes), from);
        cache.find(&hash(number), from);
    }

    #[test]
    fn one_source_cannot_push_out_the_documents_of_others() {
        let cache = cache();
        for number in 0..40 {
            bring(&cache, number, 100, source((number % 4).try_into().unwrap()));
        }
        for number in 1000..50_000 {
            bring(&cache, number, 900, source(200));
            cache.add(hash(number + 100_000), plan(900), source(200));
        }
        let left = (0..40).filter(|number| cache.find(&hash(*number), source(9)).is_some()).count();
        assert_eq!(left, 40);
        let (kept, probation, bytes) = cache.size();
        assert!(kept <= 50 && probation <= PROBATION && bytes <= 80_000, "{kept} {probation} {bytes}");
    }

    #[test]
    fn many_sources_stay_within_the_limits() {
        let cache = cache();
        for number in 0..5000_u64 {
            let from = Source::of(IpAddr::from([
                10,
                1,
                (number / 250).try_into().unwrap(),
                (number % 250).try_into().unwrap(),
            ]));
            bring(&cache, number, 5000, from);
            cache.add(hash(number + 100_000), plan(5000), from);
        }
        let (kept, probation, bytes) = cache.size();
        assert!(kept <= 80 && bytes <= 80_000 && probation <= SOURCES * PROBATION, "{kept} {probation} {bytes}");
    }

    #[test]
    fn a_document_used_once_is_kept_by_nobody() {
        let cache = cache();
        cache.add(hash(1), plan(10), source(1));
        assert_eq!(cache.size(), (0, 1, 0));
        assert!(cache.find(&hash(2), source(1)).is_none());
        assert!(cache.find(&hash(1), source(1)).is_some());
        assert_eq!(cache.size(), (1, 0, 10));
    }

    #[test]
    fn a_document_that_several_use_counts_for_nobody() {
        let cache = cache();
        bring(&cache, 1, 10, source(1));
        cache.find(&hash(1), source(2));
        for number in 100..200 {
            bring(&cache, number, 10, source(1));
        }
        assert!(cache.find(&hash(1), source(1)).is_some());
        assert_eq!(cache.size().0, 11);
    }

    #[test]
    fn the_longest_unused_goes_first() {
        let cache = cache();
        for number in 0..81 {
            bring(&cache, number, 10, source(number.try_into().unwrap()));
            cache.find(&hash(0), source(1));
        }
        assert!(cache.find(&hash(0), source(1)).is_some());
        assert!(cache.find(&hash(1), source(1)).is_none());
    }
}
