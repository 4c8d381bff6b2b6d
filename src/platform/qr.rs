//! QR codes as pictures.

use fast_qr::convert::svg::SvgBuilder;
use fast_qr::{ECL, QRBuilder};

use crate::kernel::Fault;

/// An `<svg>` element; fails for a text of kilobytes.
pub fn svg(text: &str) -> Result<String, Fault> {
    let code = QRBuilder::new(text).ecl(ECL::M).build().map_err(Fault::internal)?;
    Ok(SvgBuilder::default().to_str(&code))
}
