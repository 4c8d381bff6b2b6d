//! Where things stand on A4 pages. Whole points (1/72 inch), from the upper left corner.

use super::fonts::Widths;
use crate::kernel::Fault;

pub const WIDTH: u16 = 595;
pub const HEIGHT: u16 = 842;
const MARGIN: u16 = 42;
const INNER: u16 = WIDTH - 2 * MARGIN;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    pub size: u16,
    pub bold: bool,
}

impl Style {
    pub const TITLE: Self = Self { size: 15, bold: true };
    pub const HEADING: Self = Self { size: 11, bold: true };
    pub const TEXT: Self = Self { size: 10, bold: false };
    pub const STRONG: Self = Self { size: 10, bold: true };
    pub const SMALL: Self = Self { size: 8, bold: false };

    const fn line(self) -> u16 {
        self.size + self.size / 3 + 1
    }
}

/// Part of the width of a page, from its left margin.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    pub from: u16,
    pub width: u16,
    /// Numbers stand to the right.
    pub right: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    Text {
        x: u16,
        y: u16,
        style: Style,
        text: String,
    },
    /// Across the page.
    Rule {
        y: u16,
    },
    Square {
        x: u16,
        y: u16,
        width: u16,
        height: u16,
    },
}

/// Pages that fill from above.
#[derive(Debug)]
pub struct Sheet {
    widths: Widths,
    pages: Vec<Vec<Mark>>,
    y: u16,
}

impl Sheet {
    pub fn new() -> Result<Self, Fault> {
        Ok(Self { widths: Widths::new()?, pages: vec![Vec::new()], y: MARGIN })
    }

    pub fn pages(&self) -> &[Vec<Mark>] {
        &self.pages
    }

    /// Every text in its order, for tests.
    pub fn texts(&self) -> Vec<&str> {
        let texts = self.pages.iter().flatten().filter_map(|mark| match mark {
            Mark::Text { text, .. } => Some(text.as_str()),
            Mark::Rule { .. } | Mark::Square { .. } => None,
        });
        texts.collect()
    }

    pub fn text(&mut self, style: Style, text: &str) {
        self.row(style, &[(Column { from: 0, width: INNER, right: false }, text)]);
    }

    /// Cells side by side; what is too long goes on below, and a row never breaks across pages.
    pub fn row(&mut self, style: Style, cells: &[(Column, &str)]) {
        let wrapped: Vec<_> = cells.iter().map(|(column, text)| self.wrap(text, *column, style)).collect();
        let lines = wrapped.iter().map(Vec::len).max().unwrap_or(0);
        let height = u16::try_from(lines).unwrap_or(u16::MAX).saturating_mul(style.line());
        self.make_room(height);
        let top = self.y;
        for ((column, _), lines) in cells.iter().zip(wrapped) {
            let mut y = top;
            for text in lines {
                y = y.saturating_add(style.line());
                let used = u16::try_from(self.widths.of(&text, style.size, style.bold)).unwrap_or(u16::MAX);
                let indent = if column.right { column.width.saturating_sub(used) } else { 0 };
                self.put(Mark::Text { x: MARGIN + column.from + indent, y, style, text });
            }
        }
        self.y = top.saturating_add(height);
    }

    pub fn rule(&mut self) {
        self.make_room(6);
        self.y += 3;
        self.put(Mark::Rule { y: self.y });
        self.y += 3;
    }

    pub fn space(&mut self, points: u16) {
        self.make_room(points);
        self.y += points;
    }

    /// Dark modules of a square code, row by row, each so many points wide. A quiet zone of four modules is the paper.
    pub fn code(&mut self, rows: &[Vec<bool>], module: u16) {
        let side = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_mul(module);
        let quiet = 4 * module;
        self.make_room(side.saturating_add(2 * quiet));
        let mut y = self.y + quiet;
        for row in rows {
            let mut x = MARGIN;
            for run in row.chunk_by(|one, next| one == next) {
                let width = u16::try_from(run.len()).unwrap_or(u16::MAX).saturating_mul(module);
                if run.first() == Some(&true) {
                    self.put(Mark::Square { x, y, width, height: module });
                }
                x = x.saturating_add(width);
            }
            y = y.saturating_add(module);
        }
        self.y = y.saturating_add(quiet);
    }

    fn put(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }

    fn make_room(&mut self, height: u16) {
        if self.y.saturating_add(height) > HEIGHT - MARGIN && self.y > MARGIN {
            self.pages.push(Vec::new());
            self.y = MARGIN;
        }
    }

    /// Breaks between words; a word that is wider than its column stands over.
    fn wrap(&self, text: &str, column: Column, style: Style) -> Vec<String> {
        let text = self.widths.printable(text);
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            let fits = |line: &String| self.widths.of(line, style.size, style.bold) <= u32::from(column.width);
            let longer = lines.last().map(|line| format!("{line} {word}")).filter(fits);
            let line = if longer.is_some() { lines.pop().and(longer) } else { None };
            lines.push(line.unwrap_or_else(|| word.to_owned()));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NARROW: Column = Column { from: 0, width: 60, right: false };

    #[test]
    fn long_texts_go_on_below_and_numbers_stand_to_the_right() {
        let mut sheet = Sheet::new().unwrap();
        let sum = Column { from: 400, width: 100, right: true };
        sheet.row(Style::TEXT, &[(NARROW, "Газ природный сжиженный"), (sum, "1.00")]);
        sheet.row(Style::TEXT, &[(NARROW, "Вода"), (sum, "1000.00")]);
        assert_eq!(sheet.texts(), ["Газ", "природный", "сжиженный", "1.00", "Вода", "1000.00"]);
        let at = |wanted: &str| {
            let marks = sheet.pages()[0].iter();
            let mut found = marks.filter_map(|mark| match mark {
                Mark::Text { x, y, text, .. } if text == wanted => Some((*x, *y)),
                _ => None,
            });
            found.next_back().unwrap()
        };
        assert!(at("1.00").0 > at("1000.00").0);
        assert_eq!(at("Газ").1, at("1.00").1);
        assert!(at("Вода").1 > at("сжиженный").1);
    }

    #[test]
    fn what_does_not_fit_begins_a_page() {
        let mut sheet = Sheet::new().unwrap();
        for line in 0..200 {
            sheet.text(Style::TEXT, &format!("Строка {line}"));
        }
        assert_eq!(sheet.texts().len(), 200);
        assert!(sheet.pages().len() > 2);
        let lowest = sheet.pages().iter().flatten().map(|mark| match mark {
            Mark::Text { y, .. } | Mark::Rule { y } | Mark::Square { y, .. } => *y,
        });
        assert!(lowest.max().unwrap() <= HEIGHT - MARGIN);
    }
}
