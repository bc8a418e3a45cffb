//! The style sheet, the studio's colour in it, and the policy that allows both and nothing else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest;

use crate::config::Color;

/// The style sheet of every page.
pub(super) const STYLE: &str = include_str!("../../templates/style.css");

/// The background of the card in [`STYLE`], in light and in dark mode.
const CARDS: [&str; 2] = ["#ffffff", "#1f2228"];

/// The contrast that WCAG 2 demands between a button and its surroundings.
const EDGE_CONTRAST: f64 = 3.0;

/// A second style sheet, which gives buttons the studio's colour. It changes the colour only as far as
/// the contrast demands, in light and in dark mode, and chooses a text colour with enough contrast.
pub(super) fn theme(color: Color) -> String {
    let [light, dark] = [(CARDS[0], Color::BLACK), (CARDS[1], Color::WHITE)].map(|(card, away)| {
        let card = Color::parse(card).unwrap_or(Color::WHITE);
        let action = color.seen_on(card, EDGE_CONTRAST, away);
        let text = action.text_on();
        format!(":root {{ --action: {action}; --on-action: {text}; }}")
    });
    format!("{light} @media (prefers-color-scheme: dark) {{ {dark} }}")
}

/// Where the form of a page may lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FormTo {
    /// There is no form.
    Nowhere,
    /// To our own address and any https one. Browsers apply the policy to every redirect that
    /// follows, and Amazon sends its sign-in through several of its hosts.
    Https,
    /// The same, and to http, for a system on one machine.
    HttpsOrHttp,
}

/// The content security policy of a page with these style sheets, each named by its hash, and such a
/// form.
pub(super) fn policy(styles: &[&str], form: FormTo) -> String {
    let styles: Vec<String> = styles.iter().map(|style| source_of(style)).collect();
    let form_action = match form {
        FormTo::Nowhere => "'none'",
        FormTo::Https => "'self' https:",
        FormTo::HttpsOrHttp => "'self' https: http:",
    };
    format!(
        "default-src 'none'; style-src {}; form-action {form_action}; frame-ancestors 'none'; \
         base-uri 'none'",
        styles.join(" ")
    )
}

fn source_of(style: &str) -> String {
    let hash = digest::digest(&digest::SHA256, style.as_bytes());
    format!("'sha256-{}'", STANDARD.encode(hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value of a custom property in the `nth` rule that sets it.
    fn variable(css: &str, name: &str, nth: usize) -> Color {
        let value = css.split(&format!("{name}: ")).nth(nth + 1);
        let value = value.and_then(|rest| rest.split(';').next());
        Color::parse(value.expect("it is set")).expect("a colour")
    }

    #[test]
    fn every_text_can_be_read_in_the_light_and_in_the_dark() {
        for mode in [0, 1] {
            let color = |name| variable(STYLE, name, mode);
            assert_eq!(color("--card"), Color::parse(CARDS[mode]).expect("one"));
            for (text, background) in [
                ("--text", "--card"),
                ("--text", "--page"),
                ("--text", "--note"),
                ("--soft", "--card"),
                ("--on-action", "--action"),
            ] {
                let contrast = color(text).contrast(color(background));
                assert!(contrast >= 4.5, "{text} on {background}: {contrast}");
            }
            for shape in ["--action", "--done", "--stop"] {
                let contrast = color(shape).contrast(color("--card"));
                assert!(contrast >= EDGE_CONTRAST, "{shape}: {contrast}");
            }
        }
    }

    #[test]
    fn a_button_of_any_color_is_seen_and_read() {
        for color in [
            "#000000", "#ffffff", "#808080", "#ffe600", "#101840", "#e4002b",
        ] {
            let theme = theme(Color::parse(color).expect("a colour"));
            for (mode, card) in CARDS.iter().enumerate() {
                let action = variable(&theme, "--action", mode);
                let card = Color::parse(card).expect("a colour");
                assert!(action.contrast(card) >= EDGE_CONTRAST, "{color}: {theme}");
                let text = variable(&theme, "--on-action", mode);
                assert!(action.contrast(text) >= 4.5, "{color}: {theme}");
            }
        }
        let untouched = theme(Color::parse("#1b5fc1").expect("a colour"));
        assert!(untouched.starts_with(":root { --action: #1b5fc1; --on-action: #ffffff; }"));
    }
}
