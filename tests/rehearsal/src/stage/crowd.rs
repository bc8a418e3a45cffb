//! Who comes, and how they behave.

/// How players are linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Links {
    /// In a browser: session, consent page, Amazon, callback.
    Browser,
    /// By their rows, because the line is not about linking. Nothing is logged of it.
    Rows,
    /// Who has a habit and every third of the others in a browser, the rest by their rows.
    Mixed,
}

impl Links {
    /// How this player is linked.
    pub(super) fn of(self, number: usize, habit: Habit) -> Self {
        match self {
            Self::Mixed if habit != Habit::None || number.is_multiple_of(3) => Self::Browser,
            Self::Mixed => Self::Rows,
            all => all,
        }
    }
}

/// Who delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// The game, which confirms.
    Confirm,
    /// The studio's webhook.
    Webhook,
}

/// The players of a rehearsal.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// One arrives about every so many seconds.
    pub(super) every: u64,
    pub(super) links: Links,
    pub(super) delivery: Delivery,
    /// How often each one's game checks.
    pub(super) checks: u32,
    /// Seconds between two of these checks, at least and at most.
    pub(super) between: (u64, u64),
    /// Seconds that the game takes to give what a check has handed out, at least and at most.
    pub(super) gives: (u64, u64),
    /// Whether some refuse, come late, link again, unlink, claim twice, stay away.
    pub(super) is_mixed: bool,
}

/// 30 players in an hour, linked before, whose game delivers.
pub(super) const CONFIRMING: Crowd = Crowd {
    every: 120,
    links: Links::Rows,
    delivery: Delivery::Confirm,
    checks: 2,
    between: (300, 720),
    gives: (3, 20),
    is_mixed: false,
};

/// The same for a studio that delivers by webhook.
pub(super) const DELIVERED_TO: Crowd = Crowd {
    delivery: Delivery::Webhook,
    ..CONFIRMING
};

/// So many that some 5 requests come in a minute.
pub(super) const BUSY: Crowd = Crowd {
    every: 45,
    checks: 3,
    between: (120, 400),
    ..CONFIRMING
};

/// Their game gives by a mailbox that they open minutes later.
pub(super) const BY_MAILBOX: Crowd = Crowd {
    every: 45,
    gives: (60, 600),
    ..CONFIRMING
};

/// They play long, and their game checks every quarter of an hour.
pub(super) const LONG_PLAYING: Crowd = Crowd {
    checks: 4,
    between: (720, 900),
    ..CONFIRMING
};

/// Some 45 players in an hour, who link.
pub(super) const LINKING: Crowd = Crowd {
    every: 80,
    links: Links::Browser,
    checks: 1,
    ..CONFIRMING
};

/// 100 players in an hour, who link: 25 in each quarter.
pub(super) const MANY_LINKING: Crowd = Crowd {
    every: 36,
    ..LINKING
};

/// Ten players a day.
pub(super) const TEN_A_DAY: Crowd = Crowd {
    every: 8640,
    ..CONFIRMING
};

/// Ten players a day of a studio that delivers by webhook.
pub(super) const TEN_A_DAY_DELIVERED_TO: Crowd = Crowd {
    every: 8640,
    ..DELIVERED_TO
};

/// 200 players in 90 minutes, of whom three in ten have a habit.
pub(super) const MIXED: Crowd = Crowd {
    every: 27,
    links: Links::Mixed,
    is_mixed: true,
    ..CONFIRMING
};

/// 50 such players of a studio that delivers by webhook.
pub(super) const MIXED_DELIVERED_TO: Crowd = Crowd {
    every: 108,
    delivery: Delivery::Webhook,
    ..MIXED
};

/// 40 of them in an hour.
pub(super) const PICTURED: Crowd = Crowd {
    every: 90,
    ..MIXED_DELIVERED_TO
};

/// What is odd about a player.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habit {
    None,
    /// Says no to Amazon, and comes again two minutes later.
    Refuses,
    /// Comes back from Amazon when the code is too old, and starts again.
    ComesLate,
    /// Starts to link, and is never seen again.
    StaysAway,
    /// Links once more while linked.
    Relinks,
    /// Unlinks, and links again.
    Unlinks,
    /// Claims the same offer again.
    ClaimsTwice,
    /// Closes the game before it confirms, and comes back.
    ClosesTheGame,
}

impl Habit {
    /// The habit of this player of a mixed crowd: three of ten have one.
    pub(super) fn of(number: usize) -> Self {
        match number % 40 {
            2 | 15 | 29 => Self::Refuses,
            5 | 24 => Self::ComesLate,
            8 | 33 => Self::StaysAway,
            11 | 30 => Self::Relinks,
            17 | 36 => Self::Unlinks,
            20 => Self::ClaimsTwice,
            27 => Self::ClosesTheGame,
            _ => Self::None,
        }
    }
}
