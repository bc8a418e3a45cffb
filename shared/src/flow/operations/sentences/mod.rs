//! What support may send to a player about an entitlement: one file for each language, with one
//! constant. A language that lacks a sentence does not compile.
//!
//! To add a language: copy `en.rs`, translate it, and add it to [`LANGUAGES`]. Each sentence must be
//! true whatever the settings are, says what the player can do, and blames nobody.

mod de;
mod en;

use crate::domain::VerdictCode;

/// Every language. The first is for commands that ask for no other.
const LANGUAGES: [&Sentences; 2] = [&en::SENTENCES, &de::SENTENCES];

/// Every sentence, in one language.
#[derive(Debug)]
pub struct Sentences {
    /// The language's tag.
    pub language: &'static str,
    relink_needed: Both,
    waits_for_check: &'static str,
    waits_for_confirmation: &'static str,
    webhook_failing: &'static str,
    refused_by_studio: &'static str,
    offer_missing: &'static str,
    amazon_failing: Both,
    amazon_refuses: &'static str,
    withdrawn: &'static str,
    unknown_instruction: Both,
    delivery_due: &'static str,
    report_due: &'static str,
    offer_paused: &'static str,
    operator_hold: &'static str,
    intake_held: &'static str,
    delivery_unknown: &'static str,
    attention: Both,
    done: &'static str,
    used_up: &'static str,
    shown_to_other_player: &'static str,
}

/// Two sentences for one code.
#[derive(Debug)]
struct Both {
    /// The player waits for it.
    waits: &'static str,
    /// The player has it.
    has_it: &'static str,
}

impl Sentences {
    /// The sentences in this language, by its tag; without a tag, in English. `None`: there are none.
    #[must_use]
    pub fn of(language: Option<&str>) -> Option<&'static Self> {
        let [first, ..] = LANGUAGES;
        match language {
            None => Some(first),
            Some(tag) => LANGUAGES.into_iter().find(|known| known.language == tag),
        }
    }

    /// The sentences in English.
    #[must_use]
    pub fn usual() -> &'static Self {
        let [first, ..] = LANGUAGES;
        first
    }

    /// The tags of all languages.
    pub fn languages() -> impl Iterator<Item = &'static str> {
        LANGUAGES.into_iter().map(|known| known.language)
    }

    /// What to say of an entitlement with this code. `has_it`: it is delivered.
    #[must_use]
    pub const fn say(&self, code: VerdictCode, has_it: bool) -> &'static str {
        match code {
            VerdictCode::RelinkNeeded => self.relink_needed.of(has_it),
            VerdictCode::WaitsForCheck => self.waits_for_check,
            VerdictCode::WaitsForConfirmation => self.waits_for_confirmation,
            VerdictCode::WebhookFailing => self.webhook_failing,
            VerdictCode::RefusedByStudio => self.refused_by_studio,
            VerdictCode::OfferMissing => self.offer_missing,
            VerdictCode::AmazonFailing => self.amazon_failing.of(has_it),
            VerdictCode::AmazonRefuses => self.amazon_refuses,
            VerdictCode::Withdrawn => self.withdrawn,
            VerdictCode::UnknownInstruction => self.unknown_instruction.of(has_it),
            VerdictCode::DeliveryDue => self.delivery_due,
            VerdictCode::ReportDue => self.report_due,
            VerdictCode::OfferPaused => self.offer_paused,
            VerdictCode::OperatorHold => self.operator_hold,
            VerdictCode::IntakeHeld => self.intake_held,
            VerdictCode::DeliveryUnknown => self.delivery_unknown,
            VerdictCode::Attention => self.attention.of(has_it),
            VerdictCode::Done => self.done,
            VerdictCode::UsedUp => self.used_up,
            VerdictCode::ShownToOtherPlayer => self.shown_to_other_player,
        }
    }
}

impl Both {
    const fn of(&self, has_it: bool) -> &'static str {
        if has_it { self.has_it } else { self.waits }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of ours that say nothing to a player.
    const INTERNAL: [&str; 13] = [
        "webhook",
        "studio",
        "offer",
        "entitlement",
        "pending",
        "held",
        "token",
        "sku",
        "null",
        "intake",
        "operator",
        "backend",
        "_",
    ];

    #[test]
    fn a_player_can_read_every_sentence() {
        for sentences in LANGUAGES {
            for code in VerdictCode::ALL {
                for has_it in [false, true] {
                    let say = sentences.say(code, has_it);
                    let lower = say.to_lowercase();
                    let found = INTERNAL.iter().find(|word| lower.contains(**word));
                    assert_eq!(found, None, "{say}");
                    assert!(say.ends_with('.'), "{say}");
                    assert!((30..280).contains(&say.len()), "{} {say}", say.len());
                }
            }
        }
    }

    #[test]
    fn no_two_codes_say_the_same() {
        for sentences in LANGUAGES {
            let said = VerdictCode::ALL.map(|code| sentences.say(code, false));
            let distinct: std::collections::BTreeSet<_> = said.iter().collect();
            assert_eq!(distinct.len(), said.len(), "{}", sentences.language);
        }
    }

    #[test]
    fn a_language_has_a_tag_of_its_own() {
        let tags: Vec<_> = Sentences::languages().collect();
        assert_eq!(tags, ["en", "de"]);
        for tag in tags {
            let found = Sentences::of(Some(tag)).expect("it is there");
            assert_eq!(found.language, tag);
        }
        assert_eq!(Sentences::of(None).expect("it is there").language, "en");
        assert!(Sentences::of(Some("fr")).is_none());
        assert!(Sentences::of(Some("DE")).is_none());
    }
}
