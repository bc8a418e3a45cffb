//! Making what Amazon sends safe to keep and to log.

/// The first `max` bytes of a text, without cutting a character in two.
pub(super) fn bounded(text: &str, max: usize) -> &str {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// An error word such as `invalid_scope`, or a placeholder where it is not a word.
pub(super) fn error_word(word: &str) -> String {
    let is_word = (1..=64).contains(&word.len())
        && word
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    if is_word {
        word.to_owned()
    } else {
        "unreadable".to_owned()
    }
}

/// An error description for the log: at most 200 bytes, printable, and without anything that is,
/// or looks like, one of the secrets of the request that it answers.
pub(super) fn description(text: &str, secrets: &[&str]) -> String {
    const HIDDEN: &str = "[hidden]";
    /// Words of plain English are shorter; tokens, codes and verifiers are longer.
    const LONGEST_WORD: usize = 32;
    let looks_secret =
        |word: &str| word.len() > LONGEST_WORD || word.contains("Atza|") || word.contains("Atzr|");
    let mut text: String = text.chars().filter(|c| !c.is_control()).collect();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        text = text.replace(secret, HIDDEN);
    }
    let words: Vec<_> = text
        .split_whitespace()
        .map(|word| if looks_secret(word) { HIDDEN } else { word })
        .collect();
    bounded(&words.join(" "), 200).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(bounded("abc", 5), "abc");
        assert_eq!(bounded("aäb", 2), "a");
    }

    #[test]
    fn words_are_words() {
        assert_eq!(error_word("invalid_scope"), "invalid_scope");
        for wrong in ["", "a b", "Atza|x", "a\nb", &"x".repeat(65)] {
            assert_eq!(error_word(wrong), "unreadable");
        }
    }

    #[test]
    fn descriptions_hold_no_secret() {
        let long = "x".repeat(40);
        let text = format!("the code ANabc is\n wrong, as is Atza|{long}");
        assert_eq!(
            description(&text, &["ANabc", ""]),
            "the code [hidden] is wrong, as is [hidden]"
        );
        assert_eq!(
            description("token=Atzr|short is wrong", &[]),
            "[hidden] is wrong"
        );
        assert_eq!(description(&"no ".repeat(200), &[]).len(), 200);
    }
}
