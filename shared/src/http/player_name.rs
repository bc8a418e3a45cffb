//! What a player may be called on a page. The page before Amazon protects by naming the player,
//! so a name that nobody can see is none.

const MAX_CHARS: usize = 256;

/// `name`, if it can be shown. What can't is left out, and the id is shown in its place.
#[must_use]
pub fn presentable(name: &str) -> Option<&str> {
    let fits = name.chars().count() <= MAX_CHARS
        && !name.chars().any(char::is_control)
        && name.chars().any(is_visible);
    fits.then_some(name)
}

/// Not a space, nor one of the characters that Unicode wants to be ignored where they can't be
/// shown (`Default_Ignorable_Code_Point`), nor the one that looks like an empty cell.
fn is_visible(c: char) -> bool {
    !c.is_whitespace()
        && !matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_be_seen_and_fits() {
        let longest = "é".repeat(256);
        for name in [
            "Pat",
            "★",
            "ゼルダ",
            "a\u{200D}b",
            " Pat ",
            longest.as_str(),
        ] {
            assert_eq!(presentable(name), Some(name));
        }
        let too_long = "é".repeat(257);
        for name in [
            "",
            " \u{3000}",
            "a\nb",
            "a\u{7F}",
            "\u{200B}",
            "\u{2800}\u{3164}",
            "\u{202E}\u{E0041}",
            too_long.as_str(),
        ] {
            assert_eq!(presentable(name), None, "{name:?}");
        }
    }
}
