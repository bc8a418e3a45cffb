//! German.

use super::{AroundName, BackToGame, Consent, Failure, Failures, Linked, Texts, UnderWay};

pub(super) const TEXTS: Texts = Texts {
    language: "de",
    consent: Consent {
        title: "Amazon-Konto verknüpfen",
        heading: AroundName {
            before: "Amazon mit Spieler ",
            after: " verknüpfen?",
        },
        what_happens: "Belohnungen, die du bei {program} mit deinem Amazon-Konto abholst, gehen an diesen Spieler.",
        player_id: "Spieler-ID:",
        ask_again: "Das Formular passte nicht zum Cookie dieses Browsers, deshalb fragen wir noch einmal. Cookies müssen erlaubt sein.",
        only_if_yours: "Mach nur weiter, wenn das dein Spieler ist. Hat dich jemand anders hierher geschickt, dann schließ diese Seite.",
        already_linked: "Dieser Spieler ist schon mit einem Amazon-Konto verknüpft. Dasselbe Konto kannst du noch einmal verknüpfen; für ein anderes löse zuerst im Spiel die Verknüpfung.",
        link_again: "Amazon nimmt die Verknüpfung dieses Spielers nicht mehr an. Mach weiter und melde dich mit demselben Amazon-Konto an wie zuvor, dann kommen die Belohnungen wieder an.",
        button: "Weiter zu Amazon",
        password: "Du meldest dich bei Amazon an. Wir sehen dein Passwort nie.",
    },
    linked: Linked {
        title: "Dein Amazon-Konto ist verknüpft",
        whose: AroundName {
            before: "Es ist mit Spieler ",
            after: " verknüpft. Belohnungen, die du bei {program} abholst, kommen ins Spiel.",
        },
        next: "Du kannst diese Seite schließen und ins Spiel zurückkehren.",
    },
    back_to_game: BackToGame {
        linked: "Geh zurück ins Spiel, dort bekommst du deine Belohnungen.",
        button: "Zurück zum Spiel",
    },
    under_way: UnderWay {
        title: "Deine Verknüpfung entsteht gerade",
        text: "Das dauert ein paar Sekunden. Diese Seite sieht von selbst wieder nach.",
    },
    for_support: "Wenn du Hilfe brauchst, nenne dem Support:",
    support: "Hilfe und Support",
    failures: Failures {
        invalid_ticket: Failure {
            title: "Dieser Link gilt nicht",
            happened: "Die Adresse, die du geöffnet hast, wurde schon benutzt, ist zu alt oder unvollständig.",
            next: "Beginne noch einmal dort, wo du angefangen hast: im Spiel oder bei {program}.",
        },
        invalid_state: Failure {
            title: "Wir wissen nicht, zu welcher Verknüpfung das gehört",
            happened: "Du kommst von Amazon zurück, aber was du mitbringst, gehört zu keiner laufenden Verknüpfung.",
            next: "Beginne noch einmal dort, wo du angefangen hast: im Spiel oder bei {program}.",
        },
        attempt_expired: Failure {
            title: "Das hat zu lange gedauert",
            happened: "Eine Verknüpfung muss in zehn Minuten fertig sein, und die Zeit war um.",
            next: "Beginne noch einmal dort, wo du angefangen hast: im Spiel oder bei {program}.",
        },
        wrong_browser: Failure {
            title: "Das wurde in einem anderen Browser begonnen",
            happened: "Zu deiner Sicherheit muss eine Verknüpfung in dem Browser enden, in dem sie begonnen wurde, und Cookies müssen erlaubt sein.",
            next: "Beginne selbst noch einmal und bleib in dem Browser, der sich öffnet.",
        },
        access_denied: Failure {
            title: "Du hast es bei Amazon nicht erlaubt",
            happened: "Amazon sagt uns, dass die Verknüpfung abgelehnt oder abgebrochen wurde. Nichts wurde verknüpft.",
            next: "Wenn du deine Belohnungen willst, beginne noch einmal und erlaube es bei Amazon.",
        },
        permission_missing: Failure {
            title: "Eine Erlaubnis fehlt",
            happened: "Amazon hat uns nicht beides erlaubt, was wir brauchen, um deine Belohnungen zu sehen. Nichts wurde verknüpft.",
            next: "Beginne noch einmal und erlaube alles, wonach Amazon fragt.",
        },
        identity_mismatch: Failure {
            title: "Amazons Antworten passen nicht zusammen",
            happened: "Was Amazon uns über dein Konto sagt, passt nicht zusammen. Deshalb wurde nichts verknüpft.",
            next: "Melde dich bei Amazon ab und beginne noch einmal.",
        },
        amazon_account_taken: Failure {
            title: "Dieses Amazon-Konto gehört zu einem anderen Spieler",
            happened: "Ein Amazon-Konto kann immer nur mit einem Spieler verknüpft sein. Nichts wurde geändert.",
            next: "Löse zuerst die Verknüpfung des anderen Spielers, oder melde dich bei Amazon mit einem anderen Konto an.",
        },
        player_already_linked: Failure {
            title: "Du bist mit einem anderen Amazon-Konto verknüpft",
            happened: "Ein Spieler kann immer nur mit einem Amazon-Konto verknüpft sein. Nichts wurde geändert.",
            next: "Löse zuerst im Spiel die Verknüpfung mit dem anderen Amazon-Konto, dann verknüpfe dieses.",
        },
        amazon_unavailable: Failure {
            title: "Amazon antwortet nicht",
            happened: "Wir konnten Amazon nicht erreichen, um die Verknüpfung abzuschließen. Nichts wurde verknüpft.",
            next: "Warte eine Minute und beginne noch einmal.",
        },
        internal: Failure {
            title: "Bei uns ist etwas schiefgegangen",
            happened: "Wir konnten die Verknüpfung nicht abschließen. Es liegt nicht an dir.",
            next: "Warte eine Minute und beginne noch einmal.",
        },
        too_many_attempts: Failure {
            title: "Zu viele Verknüpfungen auf einmal",
            happened: "Dieser Spieler hat zehn Verknüpfungen angefangen.",
            next: "Schließ eine davon ab, oder warte zehn Minuten und beginne noch einmal.",
        },
        not_found: Failure {
            title: "Diese Seite gibt es nicht",
            happened: "An der Adresse, die du geöffnet hast, ist nichts.",
            next: "Öffne das Spiel und beginne die Verknüpfung dort.",
        },
        payload_too_large: Failure {
            title: "Dein Browser hat zu viel geschickt",
            happened: "Was hier ankam, war nicht das Formular unserer Seite.",
            next: "Geh zurück, lade die Seite neu und mach von dort weiter.",
        },
    },
};
