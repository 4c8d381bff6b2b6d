//! Liberation Sans 2.1.5, under the SIL Open Font License 1.1 (`fonts/LICENSE`).

use ttf_parser::Face;

use crate::kernel::Fault;

pub const REGULAR: &[u8] = include_bytes!("fonts/LiberationSans-Regular.ttf");
pub const BOLD: &[u8] = include_bytes!("fonts/LiberationSans-Bold.ttf");

/// How wide text is, in points.
#[derive(Clone, Debug)]
pub struct Widths {
    regular: Face<'static>,
    bold: Face<'static>,
}

impl Widths {
    pub fn new() -> Result<Self, Fault> {
        let face = |bytes| Face::parse(bytes, 0).map_err(Fault::internal);
        Ok(Self { regular: face(REGULAR)?, bold: face(BOLD)? })
    }

    fn face(&self, bold: bool) -> &Face<'static> {
        if bold { &self.bold } else { &self.regular }
    }

    /// Rounded up.
    pub fn of(&self, text: &str, size: u16, bold: bool) -> u32 {
        let face = self.face(bold);
        let advance = |letter| face.glyph_index(letter).and_then(|glyph| face.glyph_hor_advance(glyph));
        let units: u32 = text.chars().filter_map(advance).map(u32::from).sum();
        (units * u32::from(size)).div_ceil(u32::from(face.units_per_em()))
    }

    /// The text with a question mark for every letter that the fonts have not.
    pub fn printable(&self, text: &str) -> String {
        let known = |letter: &char| self.regular.glyph_index(*letter).is_some();
        text.chars().map(|letter| if known(&letter) { letter } else { '?' }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn russian_texts_can_be_printed_and_measured() {
        let widths = Widths::new().unwrap();
        let russian = "Съешь же ещё этих мягких французских булок, да выпей чаю № 1 «ёлка» — 100 м³";
        assert_eq!(widths.printable(russian), russian);
        assert_eq!(widths.printable("чай 🍵"), "чай ?");
        // Digits are 1139 of 2048 units wide.
        assert_eq!(widths.of("1956", 10, false), (4 * 1139 * 10_u32).div_ceil(2048));
        assert!(widths.of("Газ", 10, true) > widths.of("Газ", 9, true));
    }
}
