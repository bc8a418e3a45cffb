//! How the pages look: the studio's name, its colour, and where its players get help.

use url::Url;

/// The studio, as its players see it.
#[derive(Clone, Debug)]
pub struct StudioConfig {
    /// `STUDIO_NAME`: at the top of every page.
    pub name: Option<String>,
    /// `STUDIO_COLOR`: of the buttons.
    pub color: Option<Color>,
    /// `SUPPORT_URL`: https or mailto.
    pub support_url: Option<Url>,
    /// `PROGRAM_NAME`: the name of Amazon's programme on the pages, default `Prime Gaming`. Amazon has
    /// changed that name before.
    pub program: String,
}

impl StudioConfig {
    /// The default name of the programme.
    pub(super) const PROGRAM: &str = "Prime Gaming";
}

/// The defaults.
impl Default for StudioConfig {
    fn default() -> Self {
        Self {
            name: None,
            color: None,
            support_url: None,
            program: Self::PROGRAM.to_owned(),
        }
    }
}

/// A colour, written `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color([u8; 3]);

impl Color {
    /// White.
    pub const WHITE: Self = Self([255; 3]);
    /// Black.
    pub const BLACK: Self = Self([0; 3]);

    /// The colour in `text`, if it is written `#rrggbb`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let [_, red, green, blue] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
        Some(Self([red, green, blue]))
    }

    /// The contrast of the two colours, from 1 to 21, as WCAG 2 defines it.
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    fn luminance(self) -> f64 {
        let linear = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }

    /// Black or white, whichever has the higher contrast to this colour: at least 4.5.
    #[must_use]
    pub fn text_on(self) -> Self {
        if self.contrast(Self::WHITE) >= self.contrast(Self::BLACK) {
            Self::WHITE
        } else {
            Self::BLACK
        }
    }

    /// This colour, or the nearest one on the way to `towards` that has this contrast to
    /// `background`. `towards` itself where none has.
    #[must_use]
    pub fn seen_on(self, background: Self, contrast: f64, towards: Self) -> Self {
        const STEPS: u16 = 20;
        (0..STEPS)
            .map(|step| self.mixed(towards, step, STEPS))
            .find(|color| color.contrast(background) >= contrast)
            .unwrap_or(towards)
    }

    fn mixed(self, other: Self, step: u16, steps: u16) -> Self {
        let mut mixed = self.0;
        for (part, other) in mixed.iter_mut().zip(other.0) {
            let sum = u16::from(*part) * (steps - step) + u16::from(other) * step;
            *part = u8::try_from(sum / steps).unwrap_or(u8::MAX);
        }
        Self(mixed)
    }
}

/// As in a style sheet.
impl std::fmt::Display for Color {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_color_is_six_hex_digits() {
        for text in ["#000000", "#1b5fc1", "#ffffff"] {
            assert_eq!(
                Color::parse(text).map(|color| color.to_string()).as_deref(),
                Some(text)
            );
        }
        assert_eq!(Color::parse("#FFFFFF"), Some(Color::WHITE));
        for text in [
            "", "#", "red", "#fff", "1b5fc1", "#1b5fc", "#1b5fc12", "#+b5fc1", "#1b5fc1;", "#é5fc1",
        ] {
            assert_eq!(Color::parse(text), None, "{text}");
        }
    }

    #[test]
    fn contrast_is_measured_as_wcag_does() {
        assert!((Color::WHITE.contrast(Color::BLACK) - 21.0).abs() < 1e-9);
        let grey = Color::parse("#767676").expect("a colour");
        assert!((grey.contrast(Color::WHITE) - 4.54).abs() < 0.01);
    }

    #[test]
    fn every_color_has_a_text_that_can_be_read_on_it() {
        for red in (0..=255).step_by(5) {
            for green in (0..=255).step_by(5) {
                for blue in (0..=255).step_by(15) {
                    let color = Color([red, green, blue]);
                    assert!(color.contrast(color.text_on()) >= 4.5, "{color}");
                }
            }
        }
    }

    #[test]
    fn a_color_is_moved_only_as_far_as_it_must_be() {
        let navy = Color::parse("#101840").expect("a colour");
        assert_eq!(navy.seen_on(Color::WHITE, 3.0, Color::BLACK), navy);
        let lighter = navy.seen_on(Color::BLACK, 3.0, Color::WHITE);
        assert!(lighter.contrast(Color::BLACK) >= 3.0 && lighter != Color::WHITE);
        assert_eq!(
            Color::WHITE.seen_on(Color::WHITE, 21.0, Color::BLACK),
            Color::BLACK
        );
    }
}
