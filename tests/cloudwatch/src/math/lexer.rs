//! From text to tokens.

use super::super::Fault;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Number(f64),
    /// An id, a function or a word such as `AND`.
    Word(String),
    /// An operator, a bracket or a comma.
    Sign(&'static str),
}

/// Longer ones first, so that `<=` is not read as `<`.
const SIGNS: [&str; 19] = [
    "<=", ">=", "==", "!=", "&&", "||", "<", ">", "+", "-", "*", "/", "(", ")", "[", "]", ",", "^",
    "'",
];

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Fault> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = if first.is_ascii_digit() || first == '.' {
            number(rest)?
        } else if first.is_ascii_alphabetic() {
            let length = span(rest, |char| char.is_ascii_alphanumeric() || char == '_');
            (Token::Word(rest[..length].to_owned()), length)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Token::Sign(sign), sign.len())
        } else {
            return Err(Fault::new(format!("the sign {first} is not known")));
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

fn number(rest: &str) -> Result<(Token, usize), Fault> {
    let length = span(rest, |char| char.is_ascii_alphanumeric() || char == '.');
    let text = &rest[..length];
    let number = text
        .parse()
        .map_err(|_| Fault::new(format!("{text} is no number")))?;
    Ok((Token::Number(number), length))
}

/// How many bytes at the beginning are of this kind.
fn span(text: &str, kind: impl Fn(char) -> bool) -> usize {
    text.find(|char| !kind(char)).unwrap_or(text.len())
}
