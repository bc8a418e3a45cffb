//! How a page shows a player. The consent page protects players by naming the player, and a stranger
//! can choose any name, so the id is always beside it.

use std::borrow::Cow;

/// The most characters of a name or an id that a page shows, the ellipsis among them.
const MAX_CHARS: usize = 40;

const ELLIPSIS: char = '…';

/// `name` as a page shows it: without control characters, and cut if it is too long. `None`: it has no
/// visible character.
#[must_use]
pub fn presentable(name: &str) -> Option<String> {
    let seen: String = name.chars().filter(|c| !c.is_control()).collect();
    let seen = seen.trim_start_matches(|c| !is_visible(c)).trim_end();
    if seen.is_empty() {
        return None;
    }
    if seen.chars().count() <= MAX_CHARS {
        return Some(seen.to_owned());
    }
    let mut cut: String = seen.chars().take(MAX_CHARS - 1).collect();
    cut.push(ELLIPSIS);
    Some(cut)
}

/// `id` as a page shows it: a long one without its middle, because ids often differ only at one end.
pub(crate) fn short_id(id: &str) -> Cow<'_, str> {
    let count = id.chars().count();
    if count <= MAX_CHARS {
        return Cow::Borrowed(id);
    }
    let end = (MAX_CHARS - 1) / 2;
    let start = MAX_CHARS - 1 - end;
    let mut short: String = id.chars().take(start).collect();
    short.push(ELLIPSIS);
    short.extend(id.chars().skip(count - end));
    Cow::Owned(short)
}

/// Whether it is neither white space, nor ignorable when it can't be displayed
/// (`Default_Ignorable_Code_Point` of Unicode), nor the blank braille pattern.
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
    fn a_name_that_can_be_seen_is_shown() {
        let longest = "é".repeat(40);
        for name in [
            "Pat",
            "★",
            "ゼルダ",
            "a\u{200D}b",
            "❤\u{FE0F}",
            longest.as_str(),
        ] {
            assert_eq!(presentable(name).as_deref(), Some(name));
        }
        for name in [
            "",
            " \u{3000}",
            "\n\u{7F}\u{9C}",
            "\u{200B}",
            "\u{2800}\u{3164}",
            "\u{202E}\u{E0041}",
        ] {
            assert_eq!(presentable(name), None, "{name:?}");
        }
    }

    #[test]
    fn control_characters_and_what_stands_around_a_name_are_left_out() {
        for (name, shown) in [
            ("a\nb", "ab"),
            ("\u{1B}[31mPat\u{7F}", "[31mPat"),
            ("P\u{0}a\u{85}t", "Pat"),
            (" \u{200B}\u{3000}Pat ", "Pat"),
        ] {
            assert_eq!(presentable(name).as_deref(), Some(shown), "{name:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_and_never_refused() {
        for name in ["é".repeat(41), "é".repeat(10_000)] {
            let cut = presentable(&name).expect("it is shown");
            assert_eq!(cut, format!("{}…", "é".repeat(39)));
            assert_eq!(presentable(&cut), Some(cut.clone()), "it is cut once");
        }
        let behind_spaces = format!("{}Pat", " ".repeat(300));
        assert_eq!(presentable(&behind_spaces).as_deref(), Some("Pat"));
    }

    #[test]
    fn a_long_id_loses_its_middle() {
        let uuid = "0f8fad5b-d9cb-469f-a165-70867728950e";
        assert_eq!(short_id(uuid), uuid);
        let forty = "x".repeat(40);
        assert_eq!(short_id(&forty), forty);
        let longest = format!("{}{}", "a".repeat(64), "z".repeat(64));
        let short = short_id(&longest);
        assert_eq!(short, format!("{}…{}", "a".repeat(20), "z".repeat(19)));
        assert_eq!(short.chars().count(), MAX_CHARS);
    }
}
