//! The chance of the demo data.
//!
//! `SplitMix64` (Steele, Lea, Flood 2014), written out because the same seed must give the same bytes for as long as there are
//! tests and guides that name its accounts; the `rand` crate promises that only within a version. Nothing secret comes from it.

#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// An independent stream for each `(seed, stream, index)`: an account can be made without those before it.
    pub fn of(seed: u64, stream: u64, index: u64) -> Self {
        let mut outer = Self(seed);
        let mut middle = Self(outer.roll() ^ stream);
        Self(middle.roll() ^ index.wrapping_mul(0xd6e8_feb8_6659_fd93))
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to and without `end`; 0 when `end` is below 1.
    pub fn below(&mut self, end: i64) -> i64 {
        let wide = u128::from(self.roll()) * u128::from(end.max(0).unsigned_abs());
        i64::try_from(wide >> 64).unwrap_or(0)
    }

    /// From `first` to `last`, both included.
    pub fn between(&mut self, first: i64, last: i64) -> i64 {
        first + self.below(last - first + 1)
    }

    pub fn chance(&mut self, per_mille: i64) -> bool {
        self.below(1000) < per_mille
    }

    /// One of `items`; the default of an empty list.
    pub fn pick<T: Copy + Default>(&mut self, items: &[T]) -> T {
        let count = i64::try_from(items.len()).unwrap_or(0);
        usize::try_from(self.below(count)).ok().and_then(|at| items.get(at)).copied().unwrap_or_default()
    }

    /// `count` decimal digits.
    pub fn digits(&mut self, count: usize) -> String {
        (0..count).filter_map(|_| u32::try_from(self.below(10)).ok()).filter_map(|d| char::from_digit(d, 10)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_chance_for_ever() {
        let mut dice = Dice::of(7, 1, 2);
        let rolls: Vec<_> = (0..4).map(|_| dice.below(1_000_000)).collect();
        assert_eq!(rolls, ROLLS);
        assert_ne!(Dice::of(7, 1, 3).below(1_000_000), rolls.first().copied().unwrap_or_default());
    }

    /// Reckoned apart from this program.
    const ROLLS: [i64; 4] = [304_277, 229_887, 273_942, 559_297];

    #[test]
    fn rolls_stay_in_their_range() {
        let mut dice = Dice::of(1, 0, 0);
        for _ in 0..10_000 {
            assert!((-3..=3).contains(&dice.between(-3, 3)));
        }
        assert_eq!(dice.below(0), 0);
        assert_eq!(dice.pick::<u8>(&[]), 0);
        assert_eq!(dice.digits(6).len(), 6);
    }
}
