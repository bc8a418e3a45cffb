//! English.

use super::{AroundName, BackToGame, Consent, Failure, Failures, Linked, Texts, UnderWay};

pub(super) const TEXTS: Texts = Texts {
    language: "en",
    consent: Consent {
        title: "Link your Amazon account",
        heading: AroundName {
            before: "Link Amazon to player ",
            after: "?",
        },
        what_happens: "Rewards that you claim at {program} with your Amazon account will go to this player.",
        player_id: "Player id:",
        ask_again: "The form did not match this browser's cookie, so we ask again. Cookies must be allowed.",
        only_if_yours: "Continue only if this is your player. If somebody else sent you here, close this page.",
        already_linked: "This player is linked with an Amazon account already. You can link the same account again; to change to another one, unlink in the game first.",
        link_again: "Amazon no longer accepts the link of this player. Continue and sign in with the same Amazon account as before, and rewards arrive again.",
        button: "Continue to Amazon",
        password: "You sign in at Amazon. We never see your password.",
    },
    linked: Linked {
        title: "Your Amazon account is linked",
        whose: AroundName {
            before: "It is linked to player ",
            after: ". Rewards that you claim at {program} come into the game.",
        },
        next: "You can close this page and go back to the game.",
    },
    back_to_game: BackToGame {
        linked: "Go back to the game to get your rewards.",
        button: "Back to the game",
    },
    under_way: UnderWay {
        title: "Your link is being made",
        text: "That takes a few seconds. This page looks again by itself.",
    },
    for_support: "If you need help, tell support:",
    support: "Help and support",
    failures: Failures {
        invalid_ticket: Failure {
            title: "This link can't be used",
            happened: "The address that you opened was used before, is too old, or is not complete.",
            next: "Start linking again where you began: in the game, or at {program}.",
        },
        invalid_state: Failure {
            title: "We can't tell which link this belongs to",
            happened: "You came back from Amazon, but what you brought along does not belong to any link that is under way.",
            next: "Start linking again where you began: in the game, or at {program}.",
        },
        attempt_expired: Failure {
            title: "That took too long",
            happened: "Linking must be finished within ten minutes, and the time was over.",
            next: "Start linking again where you began: in the game, or at {program}.",
        },
        wrong_browser: Failure {
            title: "This was started in another browser",
            happened: "For your safety a link must be finished in the browser in which it was started, with cookies allowed.",
            next: "Start linking again yourself, and stay in the browser that opens.",
        },
        access_denied: Failure {
            title: "You did not allow it at Amazon",
            happened: "Amazon told us that linking was refused or cancelled. Nothing was linked.",
            next: "If you want your rewards, start linking again and choose Allow at Amazon.",
        },
        permission_missing: Failure {
            title: "A permission is missing",
            happened: "Amazon did not give us both permissions that we need to see your rewards. Nothing was linked.",
            next: "Start linking again and allow everything that Amazon asks for.",
        },
        identity_mismatch: Failure {
            title: "Amazon's answers do not agree",
            happened: "What Amazon told us about your account did not fit together, so nothing was linked.",
            next: "Sign out at Amazon, then start linking again.",
        },
        amazon_account_taken: Failure {
            title: "This Amazon account belongs to another player",
            happened: "An Amazon account can be linked to one player at a time. Nothing was changed.",
            next: "Unlink it from the other player first, or sign in at Amazon with another account.",
        },
        player_already_linked: Failure {
            title: "You are linked with another Amazon account",
            happened: "A player can be linked with one Amazon account at a time. Nothing was changed.",
            next: "Unlink the other Amazon account in the game first, then link this one.",
        },
        amazon_unavailable: Failure {
            title: "Amazon does not answer",
            happened: "We could not reach Amazon to finish the link. Nothing was linked.",
            next: "Wait a minute, then start linking again.",
        },
        internal: Failure {
            title: "Something went wrong on our side",
            happened: "We could not finish the link. It is not your fault.",
            next: "Wait a minute, then start linking again.",
        },
        too_many_attempts: Failure {
            title: "Too many links at once",
            happened: "This player has ten links under way.",
            next: "Finish one of them, or wait ten minutes and start linking again.",
        },
        not_found: Failure {
            title: "There is no such page",
            happened: "Nothing is at the address that you opened.",
            next: "Open the game and start linking there.",
        },
        payload_too_large: Failure {
            title: "Your browser sent too much",
            happened: "What arrived here was not the form of our page.",
            next: "Go back, load the page again, and continue from there.",
        },
    },
};
