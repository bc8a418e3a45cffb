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
        ask_again: "Wir haben diesen Browser nicht erkannt, deshalb fragen wir noch einmal. Wenn du das wieder siehst, erlaube Cookies für diese Seite.",
        only_if_yours: "Mach nur weiter, wenn das dein Spieler ist. Wenn dich jemand anders hierher geschickt hat, schließ diese Seite.",
        already_linked: "Dieser Spieler ist schon mit einem Amazon-Konto verknüpft. Du kannst dasselbe Konto noch einmal verknüpfen. Wenn du ein anderes Konto nutzen willst, löse zuerst im Spiel die alte Verknüpfung.",
        link_again: "Amazon nimmt die Verknüpfung dieses Spielers nicht mehr an. Mach weiter und melde dich mit demselben Amazon-Konto an wie zuvor. Dann kommen deine Belohnungen wieder an.",
        button: "Weiter zu Amazon",
        password: "Du meldest dich bei Amazon an. Wir sehen dein Passwort nie.",
    },
    linked: Linked {
        title: "Dein Amazon-Konto ist verknüpft",
        whose: AroundName {
            before: "Es ist mit Spieler ",
            after: " verknüpft. Belohnungen, die du bei {program} abholst, kommen im Spiel an.",
        },
        next: "Du kannst diese Seite schließen und ins Spiel zurückkehren.",
    },
    back_to_game: BackToGame {
        linked: "Geh zurück ins Spiel, dort bekommst du deine Belohnungen.",
        button: "Zurück zum Spiel",
    },
    under_way: UnderWay {
        title: "Wir verknüpfen dein Konto",
        text: "Das dauert ein paar Sekunden. Du kannst hier warten: Die Seite lädt von selbst neu.",
    },
    for_support: "Wenn du den Support um Hilfe bittest, schick diese Codes mit:",
    support: "Hilfe und Support",
    failures: Failures {
        invalid_ticket: Failure {
            title: "Dieser Link funktioniert nicht mehr",
            happened: "Die Adresse, die du geöffnet hast, wurde schon benutzt, ist zu alt oder ist unvollständig.",
            next: "Beginne noch einmal dort, wo du angefangen hast: im Spiel oder bei {program}.",
        },
        invalid_state: Failure {
            title: "Wir finden deine begonnene Verknüpfung nicht",
            happened: "Du kommst von Amazon zurück, aber wir haben keine offene Verknüpfung, die dazu passt. Vielleicht hast du inzwischen noch einmal begonnen.",
            next: "Beginne noch einmal dort, wo du angefangen hast: im Spiel oder bei {program}.",
        },
        attempt_expired: Failure {
            title: "Die Zeit ist um",
            happened: "Für eine Verknüpfung hast du zehn Minuten, und die sind um. Nichts wurde verknüpft.",
            next: "Beginne noch einmal dort, wo du angefangen hast: im Spiel oder bei {program}.",
        },
        wrong_browser: Failure {
            title: "Die Verknüpfung wurde in einem anderen Browser begonnen",
            happened: "Damit dein Konto sicher ist, kannst du die Verknüpfung nur in dem Browser abschließen, in dem sie begonnen wurde. Der Browser muss Cookies erlauben.",
            next: "Beginne selbst noch einmal und bleib in dem Browser, der sich öffnet.",
        },
        access_denied: Failure {
            title: "Die Verknüpfung wurde bei Amazon abgebrochen",
            happened: "Amazon sagt uns, dass die Verknüpfung abgebrochen oder nicht erlaubt wurde. Nichts wurde verknüpft.",
            next: "Wenn du deine Belohnungen willst, beginne noch einmal und erlaube es bei Amazon.",
        },
        permission_missing: Failure {
            title: "Eine Berechtigung fehlt",
            happened: "Amazon hat uns nicht beide Berechtigungen gegeben, die wir brauchen, um deine Belohnungen zu sehen. Nichts wurde verknüpft.",
            next: "Beginne noch einmal und erlaube alles, wonach Amazon fragt.",
        },
        identity_mismatch: Failure {
            title: "Amazons Antworten passen nicht zusammen",
            happened: "Was Amazon uns über dein Konto sagt, passt nicht zusammen. Nichts wurde verknüpft. Es liegt nicht an dir.",
            next: "Melde dich bei Amazon ab und beginne noch einmal.",
        },
        amazon_account_taken: Failure {
            title: "Dieses Amazon-Konto ist mit einem anderen Spieler verknüpft",
            happened: "Ein Amazon-Konto kann immer nur mit einem Spieler verknüpft sein. Nichts wurde geändert.",
            next: "Löse zuerst die Verknüpfung mit dem anderen Spieler, oder melde dich bei Amazon mit einem anderen Konto an.",
        },
        player_already_linked: Failure {
            title: "Dieser Spieler ist mit einem anderen Amazon-Konto verknüpft",
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
            happened: "Dieser Spieler hat zehn Verknüpfungen angefangen und nicht abgeschlossen.",
            next: "Schließ eine davon ab, oder warte zehn Minuten und beginne noch einmal.",
        },
        not_found: Failure {
            title: "Diese Seite gibt es nicht",
            happened: "Unter der Adresse, die du geöffnet hast, gibt es nichts.",
            next: "Öffne das Spiel und beginne die Verknüpfung dort.",
        },
        payload_too_large: Failure {
            title: "Dein Browser hat zu viel geschickt",
            happened: "Bei uns kam mehr an, als das Formular unserer Seite schicken kann.",
            next: "Geh zurück, lade die Seite neu und mach von dort weiter.",
        },
    },
};
