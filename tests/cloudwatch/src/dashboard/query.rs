//! The words of a query of CloudWatch Logs Insights, as far as they name what log lines have.

/// What a query names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// The fields, but for those that the query makes itself.
    pub fields: Vec<String>,
    /// Fields with a value that they are compared with.
    pub compared: Vec<(String, String)>,
}

/// The commands, functions and operators that are no fields.
const LANGUAGE: [&str; 15] = [
    "SOURCE", "filter", "sort", "display", "stats", "dedup", "count", "by", "bin", "as", "and",
    "or", "in", "asc", "desc",
];

impl Words {
    /// Reads a query.
    #[must_use]
    pub fn of(query: &str) -> Self {
        let mut words = Self::default();
        let mut made: Vec<&str> = Vec::new();
        let (mut before, mut field) = ("", "");
        for token in tokens(query) {
            if let Some(text) = token.strip_prefix('"') {
                words.compared.push((field.to_owned(), text.to_owned()));
            } else if token.starts_with(['@', '_']) || token.starts_with(char::is_alphabetic) {
                if before == "as" {
                    made.push(token);
                } else if !LANGUAGE.contains(&token) {
                    field = token;
                    words.fields.push(token.to_owned());
                }
            }
            before = token;
        }
        words.fields.retain(|field| !made.contains(&field.as_str()));
        words
    }
}

/// Words, and strings with the quote before them. Names of log groups, which are in other quotes, and
/// numbers with their units are left out.
fn tokens(query: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = query;
    while let Some(start) = rest.find(|char: char| !char.is_whitespace()) {
        rest = &rest[start..];
        let quote = rest.chars().next().filter(|char| "\"'".contains(*char));
        let end = if let Some(quote) = quote {
            let end = rest[1..].find(quote).map_or(rest.len(), |end| end + 1);
            if quote == '"' {
                tokens.push(&rest[..end]);
            }
            (end + 1).min(rest.len())
        } else {
            let is_word = |char: char| char.is_alphanumeric() || "@_.".contains(char);
            let end = rest.find(|char| !is_word(char)).unwrap_or(rest.len());
            tokens.push(&rest[..end]);
            end.max(rest.chars().next().map_or(1, char::len_utf8))
        };
        rest = &rest[end..];
    }
    tokens
}
