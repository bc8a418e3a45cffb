//! HTML pages, read as far as a browser needs them to send a form or to follow a link.

/// A form, filled in as its page has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// Where it goes; empty is the page itself.
    pub action: String,
    /// `get` or `post`.
    pub method: String,
    /// The fields that are sent, in the page's order.
    pub fields: Vec<(String, String)>,
    buttons: Vec<(String, String)>,
}

impl Form {
    /// All forms of a page.
    #[must_use]
    pub fn all(html: &str) -> Vec<Self> {
        let mut forms = Vec::new();
        let mut current: Option<Self> = None;
        let mut select: Option<String> = None;
        for tag in tags(html) {
            if tag.name == "form" {
                let method = tag.get("method").unwrap_or("get").to_ascii_lowercase();
                let action = tag.get("action").unwrap_or_default().to_owned();
                current = Some(Self {
                    action,
                    method,
                    ..Self::default()
                });
                continue;
            }
            let Some(form) = &mut current else { continue };
            match tag.name.as_str() {
                "/form" => forms.extend(current.take()),
                "input" => form.add_input(&tag),
                "button" => form.buttons.push(tag.pair()),
                "select" => select = tag.get("name").map(str::to_owned),
                // A browser chooses the first where none is marked.
                "option" => {
                    if let Some(name) = select.take() {
                        form.fields
                            .push((name, tag.get("value").unwrap_or_default().to_owned()));
                    }
                }
                _ => {}
            }
        }
        forms
    }

    fn add_input(&mut self, input: &Tag) {
        match input.get("type").unwrap_or("text") {
            "submit" => self.buttons.push(input.pair()),
            "checkbox" | "radio" if input.get("checked").is_none() => {}
            _ => self.fields.push(input.pair()),
        }
    }

    /// Types `value` into the field `name`, or chooses it there. Tells whether there is one.
    pub fn fill(&mut self, name: &str, value: &str) -> bool {
        let field = self.fields.iter_mut().find(|(field, _)| field == name);
        field.map(|(_, old)| value.clone_into(old)).is_some()
    }

    /// Presses the button with this name and value. Tells whether there is one.
    pub fn press(&mut self, name: &str, value: &str) -> bool {
        let button = (name.to_owned(), value.to_owned());
        let found = self.buttons.contains(&button);
        if found {
            self.fields.push(button);
        }
        found
    }
}

/// The addresses that a page's links lead to, in the page's order.
#[must_use]
pub fn links(html: &str) -> Vec<String> {
    let links = tags(html).filter(|tag| tag.name == "a");
    links
        .filter_map(|tag| tag.get("href").map(str::to_owned))
        .collect()
}

struct Tag {
    /// In lower case, with a slash before it where it closes.
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn get(&self, attribute: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(name, _)| name == attribute);
        found.map(|(_, value)| value.as_str())
    }

    fn pair(&self) -> (String, String) {
        let text = |name| self.get(name).unwrap_or_default().to_owned();
        (text("name"), text("value"))
    }
}

/// The tags of a page, in order.
fn tags(html: &str) -> impl Iterator<Item = Tag> {
    html.split('<').skip(1).filter_map(|text| {
        let end = text.find(|c: char| c.is_whitespace() || c == '>')?;
        let (name, mut rest) = text.split_at(end);
        let mut attributes = Vec::new();
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            if rest.is_empty() || rest.starts_with('>') {
                break;
            }
            let end = rest.find(|c: char| c.is_whitespace() || "=>/".contains(c))?;
            let (attribute, after) = rest.split_at(end);
            let (value, after) = match after.strip_prefix('=') {
                None => ("", after),
                Some(after) => value(after)?,
            };
            attributes.push((attribute.to_ascii_lowercase(), unescape(value)));
            rest = after;
        }
        Some(Tag {
            name: name.to_ascii_lowercase(),
            attributes,
        })
    })
}

/// An attribute's value, quoted or not, and what follows it.
fn value(text: &str) -> Option<(&str, &str)> {
    match text.chars().next()? {
        quote @ ('"' | '\'') => text[1..].split_once(quote),
        _ => Some(text.split_at(text.find(|c: char| c.is_whitespace() || c == '>')?)),
    }
}

/// Replaces the references that templates use for special characters.
pub(super) fn unescape(text: &str) -> String {
    let mut parts = text.split('&');
    let mut found = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part
            .split_once(';')
            .and_then(|(name, rest)| Some((character(name)?, rest)))
        {
            Some((character, rest)) => {
                found.push(character);
                found.push_str(rest);
            }
            None => {
                found.push('&');
                found.push_str(part);
            }
        }
    }
    found
}

fn character(reference: &str) -> Option<char> {
    let code = match reference {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => reference.strip_prefix('#')?,
    };
    let code = match code.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => code.parse().ok()?,
    };
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_a_browser_would_send_it() {
        let html = r#"<p>1 < 2</p><form method="POST" action="/link/start?a=1&amp;b=2">
            <input type=hidden name='ticket' value="a&#x2B;&#34;&lt;&b">
            <label><input type="checkbox" name="grant" value="profile" checked> profile</label>
            <input type="checkbox" name="other" value="x"/>
            <input name="account" value="alice" required>
            <select name="sku"><option value="hat">Hat</option><option value="coat">Coat</option></select>
            <button name="decision" value="allow">Allow</button></form>
            <input name="outside" value="1"><form action="/b"></form>"#;
        let mut forms = Form::all(html).into_iter();
        let mut form = forms.next().expect("there is one");
        assert_eq!(
            (form.method.as_str(), form.action.as_str()),
            ("post", "/link/start?a=1&b=2")
        );
        assert!(form.fill("account", "bob") && form.fill("sku", "coat") && !form.fill("none", ""));
        assert!(form.press("decision", "allow") && !form.press("decision", "cancel"));
        let fields: Vec<_> = form
            .fields
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        assert_eq!(
            fields,
            [
                ("ticket", "a+\"<&b"),
                ("grant", "profile"),
                ("account", "bob"),
                ("sku", "coat"),
                ("decision", "allow"),
            ]
        );
        assert_eq!(forms.next().map(|form| form.action), Some("/b".to_owned()));
    }

    #[test]
    fn links_are_followed_where_they_lead() {
        let html = r#"<link href="/style"><a class="action" href="mygame:x?a=1&#38;b=2">Back</a>
            <a name="here">no link</a><A HREF='/help'>Help</A>"#;
        assert_eq!(links(html), ["mygame:x?a=1&b=2", "/help"]);
    }
}
