//! German.

use super::{Both, Sentences};

pub(super) const SENTENCES: Sentences = Sentences {
    language: "de",
    relink_needed: Both {
        waits: "Um diese Belohnung zu bekommen, verknüpfe bitte das Amazon-Konto, mit dem du sie abgeholt hast, und öffne dann das Spiel noch einmal.",
        has_it: "Du hast diese Belohnung, aber Amazon weiß davon noch nichts. Bitte verknüpfe das Amazon-Konto, mit dem du sie abgeholt hast, noch einmal, damit wir es Amazon sagen können.",
    },
    waits_for_check: "Bitte öffne das Spiel. Dann sucht es nach deinen Belohnungen, und diese sollte kurz danach ankommen.",
    waits_for_confirmation: "Wir haben diese Belohnung an das Spiel weitergegeben. Wenn du sie noch nicht siehst, schließ bitte das Spiel, öffne es wieder und warte ein paar Minuten.",
    webhook_failing: "Wir konnten dir diese Belohnung noch nicht geben, weil bei uns etwas nicht funktioniert. Wir versuchen es weiter, und du musst nichts tun.",
    refused_by_studio: "Das Spiel hat diese Belohnung für deinen Spieler nicht angenommen. Unser Team muss sich das ansehen, und du musst nichts tun.",
    offer_missing: "Amazon hat uns deine Belohnung gemeldet, aber im Spiel ist sie noch nicht bereit. Darum müssen wir uns kümmern. Bitte öffne das Spiel später noch einmal.",
    amazon_failing: Both {
        waits: "Wir können Amazon im Moment nicht nach deiner Belohnung fragen. Bitte öffne das Spiel in einer Weile noch einmal.",
        has_it: "Du hast diese Belohnung. Wir müssen das noch Amazon sagen und erreichen Amazon im Moment nicht richtig. Wir versuchen es weiter, und du musst nichts tun.",
    },
    amazon_refuses: "Du hast diese Belohnung. Amazon nimmt unsere Nachricht darüber noch nicht an. Wir versuchen es weiter, und du musst nichts tun.",
    withdrawn: "Amazon sagt uns, dass diese Belohnung nicht mehr ausgegeben werden soll. Wenn du meinst, dass das ein Irrtum ist, frag bitte den Kundenservice von Amazon.",
    unknown_instruction: Both {
        waits: "Amazon hat uns zu dieser Belohnung eine Nachricht geschickt, die unser System noch nicht versteht. Wir müssen das mit Amazon klären, und du musst nichts tun.",
        has_it: "Du hast diese Belohnung. Amazon hat uns dazu eine Nachricht geschickt, die unser System noch nicht versteht. Wir müssen das mit Amazon klären, und du musst nichts tun.",
    },
    delivery_due: "Deine Belohnung ist unterwegs. Sie sollte in ein paar Minuten da sein.",
    report_due: "Du hast diese Belohnung. Wir müssen das noch Amazon sagen, und du musst nichts tun.",
    offer_paused: "Wir geben diese Belohnung im Moment nicht aus. Sie ist nicht verloren: Bitte öffne das Spiel später noch einmal.",
    operator_hold: "Wir halten diese Belohnung vorerst zurück, weil unser Team etwas prüfen muss. Du musst nichts tun.",
    intake_held: "Wir geben im Moment keine Belohnungen aus, weil wir an unserem System arbeiten. Deine ist nicht verloren: Bitte öffne das Spiel später noch einmal.",
    delivery_unknown: "Wir wissen nicht sicher, ob diese Belohnung bei dir angekommen ist. Bitte sieh im Spiel nach und sag uns, ob du sie hast.",
    attention: Both {
        waits: "Wir konnten dir diese Belohnung seit mehreren Tagen nicht geben. Unser Team muss sich das ansehen, und du musst nichts tun.",
        has_it: "Du hast diese Belohnung. Wir konnten das Amazon seit mehreren Tagen nicht sagen. Unser Team muss sich das ansehen, und du musst nichts tun.",
    },
    done: "Du hast diese Belohnung bekommen, und es ist nichts mehr zu tun. Wenn du sie im Spiel nicht findest, sag uns bitte Bescheid.",
    used_up: "Jeder Spieler kann diese Belohnung nur begrenzt oft bekommen, und dein Spieler hat diese Grenze erreicht.",
    shown_to_other_player: "Diese Belohnung gehört einem anderen Spieler des Spiels. Wenn das auch ein Spieler von dir ist, sag uns bitte Bescheid.",
};
