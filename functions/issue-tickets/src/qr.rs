//! The QR code of a ticket's address, for pages and printers.

use std::fmt::Write;

use qrcode::bits::Bits;
use qrcode::types::QrResult;
use qrcode::{Color, EcLevel, QrCode, Version};

/// Light modules around the symbol; without them a camera does not find it
/// (ISO/IEC 18004).
pub(crate) const QUIET_ZONE: usize = 4;

/// Dots a module of the PNG: at 203 dpi, that of a hand-held's thermal
/// printer, 0.5 mm, the least a worn print survives; more would not fit on the
/// paper of such a printer.
pub(crate) const PNG_DOTS_PER_MODULE: usize = 4;

/// The sizes of a symbol (ISO/IEC 18004).
const VERSIONS: std::ops::RangeInclusive<i16> = 1..=40;

/// The address does not fit into a QR code, or could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("no QR code can be made")]
pub(crate) struct NoQrCode;

/// A QR code, drawn on demand.
pub(crate) struct Symbol {
    modules: Vec<Color>,
    /// Modules on one side, without the quiet zone.
    width: usize,
}

impl Symbol {
    /// The smallest symbol that holds `url`, at error correction M: a slip
    /// gets wet and folded.
    pub(crate) fn of(url: &str) -> Result<Self, NoQrCode> {
        let code = VERSIONS
            .into_iter()
            .find_map(|version| in_bytes(url, Version::Normal(version)).ok())
            .ok_or(NoQrCode)?;
        Ok(Self {
            width: code.width(),
            modules: code.into_colors(),
        })
    }

    /// The version of the symbol, 1 to 40 (ISO/IEC 18004: 17 + 4 × version
    /// modules on a side).
    #[cfg(test)]
    pub(crate) const fn version(&self) -> usize {
        (self.width - 17) / 4
    }

    fn side(&self) -> usize {
        self.width + 2 * QUIET_ZONE
    }

    /// As SVG, a run of dark modules being one stroke: a batch of 500 must fit
    /// into the 6 MB of one Lambda answer, which it does not when each module
    /// is drawn by itself.
    pub(crate) fn svg(&self) -> String {
        let side = self.side();
        let dots = side * PNG_DOTS_PER_MODULE;
        // Single quotes stay one byte inside JSON.
        let mut svg = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {side} {side}' \
             width='{dots}' height='{dots}' shape-rendering='crispEdges'>\
             <path fill='#fff' d='M0 0h{side}v{side}H0z'/><path stroke='#000' d='"
        );
        for (row, modules) in self.modules.chunks(self.width).enumerate() {
            let mut column = 0;
            let mut pen = None;
            for run in modules.chunk_by(|left, right| left == right) {
                if run[0] == Color::Dark {
                    // Writing to a String cannot fail.
                    let _ = match pen {
                        None => write!(svg, "M{} {}.5", column + QUIET_ZONE, row + QUIET_ZONE),
                        Some(end) => write!(svg, "m{} 0", column - end),
                    };
                    let _ = write!(svg, "h{}", run.len());
                    pen = Some(column + run.len());
                }
                column += run.len();
            }
        }
        svg.push_str("'/></svg>");
        svg
    }

    /// As PNG, one bit a dot.
    pub(crate) fn png(&self) -> Result<Vec<u8>, NoQrCode> {
        let dots = self.side() * PNG_DOTS_PER_MODULE;
        let size = u32::try_from(dots).map_err(|_| NoQrCode)?;
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, size, size);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        let mut writer = encoder.write_header().map_err(|_| NoQrCode)?;
        let rows: Vec<u8> = (0..dots).flat_map(|y| self.row_of_dots(y, dots)).collect();
        writer.write_image_data(&rows).map_err(|_| NoQrCode)?;
        writer.finish().map_err(|_| NoQrCode)?;
        Ok(bytes)
    }

    /// One row of dots, eight a byte, the leftmost in the highest bit, a light
    /// one being set.
    fn row_of_dots(&self, y: usize, dots: usize) -> Vec<u8> {
        let mut row = vec![0; dots.div_ceil(8)];
        for x in (0..dots).filter(|x| !self.is_dark_dot(*x, y)) {
            row[x / 8] |= 0x80 >> (x % 8);
        }
        row
    }

    fn is_dark_dot(&self, x: usize, y: usize) -> bool {
        let module = |dot: usize| {
            let place = (dot / PNG_DOTS_PER_MODULE).checked_sub(QUIET_ZONE)?;
            (place < self.width).then_some(place)
        };
        let dark = |column, row: usize| self.modules[row * self.width + column] == Color::Dark;
        matches!((module(x), module(y)), (Some(column), Some(row)) if dark(column, row))
    }
}

/// The symbol of this version, if it holds `url`, each character one byte. The
/// library's own way cuts the text into runs of digits and capitals; what that
/// saves in a token is less than what the cuts cost, and the size of the symbol
/// would depend on the signature.
fn in_bytes(url: &str, version: Version) -> QrResult<QrCode> {
    let mut bits = Bits::new(version);
    bits.push_byte_data(url.as_bytes())?;
    bits.push_terminator(EcLevel::M)?;
    QrCode::with_bits(bits, EcLevel::M)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As long as the city's host, the case number and the `kid` may be
    /// together for version 10.
    fn longest_printed_url() -> String {
        let host = "h".repeat(24);
        let header = format!(r#"{{"alg":"EdDSA","kid":"{}"}}"#, "k".repeat(6));
        let claims = format!(r#"{{"sub":"{}"}}"#, "9".repeat(27));
        let base64url = |bytes: &[u8]| data_encoding::BASE64URL_NOPAD.encode(bytes);
        let [header, claims, signature] =
            [header.as_bytes(), claims.as_bytes(), &[0xA5; 64]].map(base64url);
        token::url(
            &format!("https://{host}"),
            &format!("{header}.{claims}.{signature}"),
        )
    }

    fn decoded(side: usize, is_dark: impl Fn(usize, usize) -> bool) -> String {
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(side, side, |x, y| {
            if is_dark(x, y) { 0 } else { 255 }
        });
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1);
        grids[0].decode().unwrap().1
    }

    /// The modules an SVG of ours draws dark, read back from its strokes.
    fn strokes(svg: &str) -> Vec<(usize, usize)> {
        let path = svg.split("stroke='#000' d='").nth(1).unwrap();
        let path = path.split('\'').next().unwrap();
        let mut dark = Vec::new();
        let (mut x, mut y) = (0, 0);
        let mut rest = path;
        while let Some(command) = rest.chars().next() {
            let end = rest[1..]
                .find(['M', 'm', 'h'])
                .map_or(rest.len(), |at| at + 1);
            let arguments = &rest[1..end];
            let number = |text: &str| text.parse::<usize>().unwrap();
            match command {
                'M' => {
                    let (column, row) = arguments.split_once(' ').unwrap();
                    (x, y) = (number(column), number(row.strip_suffix(".5").unwrap()));
                }
                'm' => x += number(arguments.strip_suffix(" 0").unwrap()),
                'h' => {
                    dark.extend((x..x + number(arguments)).map(|column| (column, y)));
                    x += number(arguments);
                }
                other => panic!("{other}"),
            }
            rest = &rest[end..];
        }
        dark
    }

    #[test]
    fn the_longest_address_printed_fits_version_10() {
        let url = longest_printed_url();
        assert_eq!(Symbol::of(&url).unwrap().version(), 10);
        assert_eq!(Symbol::of(&format!("{url}9")).unwrap().version(), 11);
    }

    #[test]
    fn the_svg_reads_back_as_the_address() {
        let url = longest_printed_url();
        let symbol = Symbol::of(&url).unwrap();
        let dark = strokes(&symbol.svg());
        let dots = symbol.side() * PNG_DOTS_PER_MODULE;
        let module = |dot: usize| dot / PNG_DOTS_PER_MODULE;
        assert_eq!(
            decoded(dots, |x, y| dark.contains(&(module(x), module(y)))),
            url
        );
    }

    #[test]
    fn the_png_reads_back_as_the_address_at_four_dots_a_module_with_a_quiet_zone() {
        let url = longest_printed_url();
        let symbol = Symbol::of(&url).unwrap();
        let bytes = symbol.png().unwrap();
        let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut dots = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut dots).unwrap();
        let side = usize::try_from(frame.width).unwrap();
        assert_eq!(side, (57 + 2 * 4) * 4);
        assert_eq!(frame.height, frame.width);
        let is_dark = |x: usize, y: usize| dots[y * side + x] == 0;
        assert_eq!(decoded(side, is_dark), url);
        let quiet = QUIET_ZONE * PNG_DOTS_PER_MODULE;
        let in_symbol = |dot: usize| (quiet..side - quiet).contains(&dot);
        for (x, y) in (0..side).flat_map(|y| (0..side).map(move |x| (x, y))) {
            assert!(!is_dark(x, y) || (in_symbol(x) && in_symbol(y)), "{x} {y}");
        }
        // The finder pattern begins right behind it.
        assert!(is_dark(quiet, quiet));
    }

    #[test]
    fn svg_and_png_show_the_same_modules() {
        let symbol = Symbol::of("https://pay.example.de/t/x").unwrap();
        let dark = strokes(&symbol.svg());
        for (x, y) in (0..symbol.side()).flat_map(|y| (0..symbol.side()).map(move |x| (x, y))) {
            let dot = symbol.is_dark_dot(x * PNG_DOTS_PER_MODULE, y * PNG_DOTS_PER_MODULE);
            assert_eq!(dark.contains(&(x, y)), dot, "{x} {y}");
        }
    }

    #[test]
    fn what_no_symbol_can_hold_is_an_error() {
        assert!(Symbol::of(&"x".repeat(3_000)).is_err());
    }

    #[test]
    fn an_svg_is_small_and_costs_json_no_escape() {
        let svg = Symbol::of(&longest_printed_url()).unwrap().svg();
        assert!(svg.len() < 7_000, "{}", svg.len());
        assert_eq!(serde_json::to_string(&svg).unwrap().len(), svg.len() + 2);
    }
}
