//! What two stories never have in common.

/// `text` without what is another one in each story: tokens, and the digest of the pages' style.
pub(super) fn masked(text: &str) -> String {
    const DIGEST: &str = "'sha256-";
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut masked = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let digest = rest.strip_prefix(DIGEST).and_then(|it| it.find('\''));
        let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (shown, taken) = match (digest, length) {
            (Some(end), _) if end == 44 => ("<digest>", DIGEST.len() + end + 1),
            (_, 43) => ("<token>", 43),
            (_, 0) => (&rest[..first.len_utf8()], first.len_utf8()),
            (_, length) => (&rest[..length], length),
        };
        masked.push_str(shown);
        rest = &rest[taken..];
    }
    masked
}

#[test]
fn tokens_and_digests_are_masked_and_nothing_else() {
    let token = "0pVYbR3sJ2m8LkT1cXw9QeUaHn5dGfZi7oKyBvC4xM-";
    let digest = format!("{token}=").replace('-', "+");
    for (text, expected) in [
        (format!("?state={token}&a=b"), "?state=<token>&a=b"),
        (format!("{token}x …"), &*format!("{token}x …")),
        (token[1..].to_owned(), &token[1..]),
        (
            format!("style-src 'sha256-{digest}'; x"),
            "style-src <digest>; x",
        ),
        ("'sha256-short'".to_owned(), "'sha256-short'"),
    ] {
        assert_eq!(masked(&text), expected);
    }
}
