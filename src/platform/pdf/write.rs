//! Pages as the bytes of a PDF file.

use chrono::{Datelike, Timelike};
use krilla::Document;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::page::PageSettings;
use krilla::surface::Surface;
use krilla::text::{Font, TextDirection};

use super::About;
use super::fonts::{BOLD, REGULAR};
use super::sheet::{HEIGHT, Mark, Sheet, WIDTH};
use crate::kernel::Fault;

struct Fonts {
    regular: Font,
    bold: Font,
}

pub fn write(sheet: &Sheet, about: &About) -> Result<Vec<u8>, Fault> {
    let font = |bytes: &'static [u8]| Font::new(bytes.into(), 0).ok_or_else(|| Fault::internal("a font is unreadable"));
    let fonts = Fonts { regular: font(REGULAR)?, bold: font(BOLD)? };
    let size = PageSettings::from_wh(f32::from(WIDTH), f32::from(HEIGHT));
    let size = size.ok_or_else(|| Fault::internal("a page has no size"))?;
    let mut document = Document::new();
    document.set_metadata(metadata(about));
    for marks in sheet.pages() {
        let mut page = document.start_page_with(size.clone());
        let mut surface = page.surface();
        for mark in marks {
            draw(&mut surface, mark, &fonts);
        }
        surface.finish();
        page.finish();
    }
    document.finish().map_err(|error| Fault::internal(format!("{error:?}")))
}

fn metadata(about: &About) -> Metadata {
    let at = about.made_at;
    let small = |number: u32| u8::try_from(number).unwrap_or_default();
    let made_at = DateTime::new(u16::try_from(at.year()).unwrap_or_default())
        .month(small(at.month()))
        .day(small(at.day()))
        .hour(small(at.hour()))
        .minute(small(at.minute()))
        .second(small(at.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    Metadata::new()
        .title(about.title.clone())
        .authors(vec![about.author.clone()])
        .language(about.language.to_owned())
        .creator("kabinet".to_owned())
        .creation_date(made_at)
}

fn draw(surface: &mut Surface<'_>, mark: &Mark, fonts: &Fonts) {
    match mark {
        Mark::Text { x, y, style, text } => {
            let font = if style.bold { &fonts.bold } else { &fonts.regular };
            let (at, size) = (Point::from_xy(f32::from(*x), f32::from(*y)), f32::from(style.size));
            surface.draw_text(at, font.clone(), size, text, false, TextDirection::LeftToRight);
        }
        Mark::Rule { y } => fill(surface, (42, *y, WIDTH - 84, 1)),
        Mark::Square { x, y, width, height } => fill(surface, (*x, *y, *width, *height)),
    }
}

fn fill(surface: &mut Surface<'_>, (x, y, width, height): (u16, u16, u16, u16)) {
    let Some(rect) = Rect::from_xywh(f32::from(x), f32::from(y), f32::from(width), f32::from(height)) else { return };
    let mut path = PathBuilder::new();
    path.push_rect(rect);
    if let Some(path) = path.finish() {
        surface.draw_path(&path);
    }
}
