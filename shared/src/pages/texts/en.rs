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
        ask_again: "We could not recognise this browser, so we ask once more. If you see this again, allow cookies for this page.",
        only_if_yours: "Continue only if this is your player. If another person sent you here, close this page.",
        already_linked: "This player is already linked to an Amazon account. You can link the same account again. To use another account, unlink the old one in the game first.",
        link_again: "Amazon no longer accepts this player's link. Continue and sign in with the same Amazon account as before. Then your rewards will arrive again.",
        button: "Continue to Amazon",
        password: "You sign in at Amazon. We never see your password.",
    },
    linked: Linked {
        title: "Your Amazon account is linked",
        whose: AroundName {
            before: "It is linked to player ",
            after: ". Rewards that you claim at {program} will arrive in the game.",
        },
        next: "You can close this page and go back to the game.",
    },
    back_to_game: BackToGame {
        linked: "Go back to the game to get your rewards.",
        button: "Back to the game",
    },
    under_way: UnderWay {
        title: "We are linking your account",
        text: "This takes a few seconds. You can wait here: the page reloads by itself.",
    },
    for_support: "If you ask support for help, send these codes:",
    support: "Help and support",
    failures: Failures {
        invalid_ticket: Failure {
            title: "This link no longer works",
            happened: "The address that you opened was already used, is too old, or is incomplete.",
            next: "Start linking again where you began: in the game, or at {program}.",
        },
        invalid_state: Failure {
            title: "We can't find the link that you started",
            happened: "You came back from Amazon, but we have no unfinished link that fits. Perhaps you started again in the meantime.",
            next: "Start linking again where you began: in the game, or at {program}.",
        },
        attempt_expired: Failure {
            title: "The time is up",
            happened: "You have ten minutes to finish linking, and they have passed. Nothing was linked.",
            next: "Start linking again where you began: in the game, or at {program}.",
        },
        wrong_browser: Failure {
            title: "Linking was started in another browser",
            happened: "To keep your account safe, you can only finish linking in the browser in which it started. The browser must allow cookies.",
            next: "Start linking again yourself, and stay in the browser that opens.",
        },
        access_denied: Failure {
            title: "Linking was cancelled at Amazon",
            happened: "Amazon told us that linking was cancelled or not allowed. Nothing was linked.",
            next: "If you want your rewards, start linking again and choose Allow at Amazon.",
        },
        permission_missing: Failure {
            title: "A permission is missing",
            happened: "Amazon did not give us both permissions that we need to see your rewards. Nothing was linked.",
            next: "Start linking again and allow everything that Amazon asks for.",
        },
        identity_mismatch: Failure {
            title: "Amazon's answers do not fit together",
            happened: "Amazon told us things about your account that do not fit together. Nothing was linked. It is not your fault.",
            next: "Sign out at Amazon, then start linking again.",
        },
        amazon_account_taken: Failure {
            title: "This Amazon account is linked to another player",
            happened: "An Amazon account can be linked to only one player at a time. Nothing was changed.",
            next: "Unlink it from the other player first, or sign in at Amazon with another account.",
        },
        player_already_linked: Failure {
            title: "This player is linked to another Amazon account",
            happened: "A player can be linked to only one Amazon account at a time. Nothing was changed.",
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
            happened: "This player has ten links that were started and not finished.",
            next: "Finish one of them, or wait ten minutes and start again.",
        },
        not_found: Failure {
            title: "This page does not exist",
            happened: "There is nothing at the address that you opened.",
            next: "Open the game and start linking there.",
        },
        payload_too_large: Failure {
            title: "Your browser sent too much",
            happened: "Your browser sent more than the form on our page can hold.",
            next: "Go back, load the page again, and continue from there.",
        },
    },
};
