//! Everything that is remembered somewhere: at Amazon, in the database, by the games, and by the
//! processes while they live.

use super::erasure::Erasure;
use super::names::{Account, Entitlement, Player, Process, Set};
use super::task::Task;

/// How many links a run can make; each has a grant of tokens of its own.
pub(super) const LINKS: usize = 4;

/// What Amazon knows of an entitlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Claim {
    /// The player has not asked for it yet.
    Unclaimed,
    /// Listed, as `FULFILL`.
    Listed,
    /// Listed, with another word: Amazon has taken it back.
    TakenBack,
    /// We have reported it: no longer listed.
    Fulfilled,
}

/// Which process works on a row. Owners are random for every request, so a dead process owns
/// nothing that it could complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Lease {
    /// No process has it, or its process is dead and its time is over.
    #[default]
    Free,
    /// A living process, in time.
    Held(Process),
    /// A living process, whose time is over.
    Late(Process),
    /// A process that is gone; its time is not over.
    Orphan,
}

impl Lease {
    pub(super) fn is_takeable(self) -> bool {
        matches!(self, Self::Free | Self::Late(_))
    }

    pub(super) fn is_of(self, process: Process) -> bool {
        matches!(self, Self::Held(it) | Self::Late(it) if it == process)
    }

    /// `process` is gone.
    fn orphan(&mut self, process: Process) {
        match *self {
            Self::Held(it) if it == process => *self = Self::Orphan,
            Self::Late(it) if it == process => *self = Self::Free,
            _ => {}
        }
    }

    /// Its time is over. `None` if it has none.
    pub(super) fn expired(self) -> Option<Self> {
        match self {
            Self::Held(process) => Some(Self::Late(process)),
            Self::Orphan => Some(Self::Free),
            Self::Free | Self::Late(_) => None,
        }
    }

    fn swapped(self) -> Self {
        match self {
            Self::Held(it) => Self::Held(it.other()),
            Self::Late(it) => Self::Late(it.other()),
            it => it,
        }
    }
}

/// A link as its row holds it, `PLAYER#` or `REMNANT#`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Link {
    /// New for every link. It also names the grant at Amazon.
    pub(super) id: u8,
    pub(super) account: Account,
    pub(super) version: u8,
    /// The refresh token: the how-manieth of its grant. `None` once Amazon said `invalid_grant`.
    pub(super) token: Option<u8>,
    /// The refresh token that Amazon said that of, kept aside for a second look.
    pub(super) dead: Option<u8>,
    /// The refresh lease.
    pub(super) lease: Lease,
}

/// Where a link's row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Place {
    Player(Player),
    Remnant(Account),
}

/// Where a record is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Status {
    #[default]
    Unseen,
    Pending,
    Delivered,
    Reported,
    Held,
    /// Held, because Amazon has taken it back.
    Withdrawn,
    /// Held by an operator.
    HeldByOperator,
    /// Held, because its offer is paused.
    HeldByPause,
}

impl Status {
    /// Whether the life of an entitlement has this arrow.
    pub(super) fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Unseen, Self::Pending | Self::Held | Self::HeldByPause)
                | (
                    Self::Pending,
                    Self::Delivered | Self::Held | Self::Withdrawn | Self::HeldByPause
                )
                | (
                    Self::Withdrawn | Self::HeldByPause,
                    Self::Pending | Self::Held
                )
                | (Self::Delivered, Self::Reported)
        )
    }
}

/// `PLAYER#p` / `E#e`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Record {
    pub(super) status: Status,
    pub(super) lease: Lease,
    /// Whether a webhook may have been called for it; only where Amazon takes back or an operator acts.
    pub(super) tried: bool,
}

/// The game of one player, or in webhook mode the studio's backend: its memory outlives crashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Game {
    /// What the player has got; getting it twice by the same id is getting it once.
    pub(super) granted: Set,
    /// What the studio has refused, and will not take any more.
    pub(super) refused: Set,
    /// Confirmed, and answered `delivered` or `reported`.
    pub(super) answered: Set,
}

/// What only an observer sees: faults that leave no trace in the rows, and the excuses for some.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Seen {
    /// A check that began after the confirmation was answered said `pending`.
    pub(super) pending_again: bool,
    /// A record took a step that the life of an entitlement does not have.
    pub(super) backwards: bool,
    /// A process wrote under a lease that it had lost to another.
    pub(super) intruded: bool,
    /// An entitlement was written down for a player whose account it was not.
    pub(super) not_theirs: bool,
    /// A token was exchanged though its successor was stored.
    pub(super) exchanged_again: bool,
    /// A token was replaced by an older one.
    pub(super) older_token: bool,
    /// A refresh lease has run out while its holder lived.
    pub(super) outlived: bool,
    /// Amazon's answer to an exchange was lost, or died with who had it.
    pub(super) swallowed: bool,
    /// A new token was stored in a remnant.
    pub(super) saved_in_remnant: bool,
    /// A second look has revived a link.
    pub(super) revived: bool,
    /// A withdrawn entitlement became `pending` again, though Amazon had not asked for it since.
    pub(super) pending_unasked: bool,
    /// What is withdrawn, and has been listed as `FULFILL` since.
    pub(super) asked_again: Set,
    /// What was withdrawn after it was handed out to the game, which had not confirmed it, or while
    /// the answer that hands it out was on its way.
    pub(super) handed_out: Set,
    /// What a paused offer holds back was handed out, by a request that came in after the pause.
    pub(super) handed_out_paused: bool,
    /// What an operator has released whatever the offer's limit said.
    pub(super) released: Set,
    /// What an erased player had.
    pub(super) erased: Set,
    /// A player who was erased has linked again.
    pub(super) came_back: bool,
}

/// Everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct State {
    /// Amazon: by entitlement.
    pub(super) claims: [Claim; 2],
    /// Amazon: the newest refresh token of each grant.
    pub(super) newest: [u8; LINKS],
    /// The offer: whether it is paused.
    pub(super) paused: bool,
    /// `PLAYER#p`.
    pub(super) players: [Option<Link>; 2],
    /// `AMAZON#a`: its player and link.
    pub(super) accounts: [Option<(Player, u8)>; 2],
    /// `REMNANT#`, by account.
    pub(super) remnants: [Option<Link>; 2],
    /// How many links were made.
    pub(super) links: u8,
    /// By player and entitlement.
    pub(super) records: [[Record; 2]; 2],
    /// `ENTITLEMENT#e` / `OWNER`.
    pub(super) owners: [Option<Player>; 2],
    /// What an erased player owned: `OWNER` names no player.
    pub(super) nobodys: Set,
    /// `PLAYER#p` / `G#sku`, by player and SKU.
    pub(super) guards: [[Set; 2]; 2],
    /// `ERASED#` / `G#sku`, by player and SKU.
    pub(super) used_up: [[Set; 2]; 2],
    /// `ERASED#`, the marker, by player.
    pub(super) erasures: [Erasure; 2],
    /// By player.
    pub(super) games: [Game; 2],
    /// By process.
    pub(super) processes: [Task; 2],
    pub(super) seen: Seen,
}

impl State {
    pub(super) fn record(&self, player: Player, it: Entitlement) -> Record {
        self.records[player as usize][it as usize]
    }

    pub(super) fn record_mut(&mut self, player: Player, it: Entitlement) -> &mut Record {
        &mut self.records[player as usize][it as usize]
    }

    /// A record's next step.
    pub(super) fn become_status(&mut self, player: Player, it: Entitlement, next: Status) {
        let record = &mut self.records[player as usize][it as usize];
        self.seen.backwards |= !record.status.may_become(next);
        record.status = next;
        record.tried &= matches!(next, Status::Pending | Status::Withdrawn);
    }

    /// A record has changed so that what Amazon was asked before says nothing about it, nor may
    /// a write of `process`'s rivals that were begun before.
    pub(super) fn outdate(&mut self, process: Process, it: Entitlement) {
        match &mut self.processes[process.other() as usize] {
            Task::Asked { stale, .. } | Task::Admitting { stale, .. } => stale.add(it),
            _ => {}
        }
    }

    pub(super) fn row(&mut self, place: Place) -> &mut Option<Link> {
        match place {
            Place::Player(player) => &mut self.players[player as usize],
            Place::Remnant(account) => &mut self.remnants[account as usize],
        }
    }

    /// The link whose tokens serve this account: that of its player, else what remains of the
    /// last.
    pub(super) fn session(&self, account: Account) -> Option<(Place, Link)> {
        self.speaker(account)
            .filter(|(_, link)| link.token.is_some())
    }

    /// The link of this account whose token is kept aside for a second look.
    pub(super) fn dead_link(&self, account: Account) -> Option<(Place, Link)> {
        self.speaker(account)
            .filter(|(_, link)| link.token.is_none() && link.dead.is_some())
    }

    fn speaker(&self, account: Account) -> Option<(Place, Link)> {
        let place = match self.accounts[account as usize] {
            Some((player, _)) => Place::Player(player),
            None => Place::Remnant(account),
        };
        let row = match place {
            Place::Player(player) => self.players[player as usize],
            Place::Remnant(account) => self.remnants[account as usize],
        };
        row.filter(|link| link.account == account)
            .map(|link| (place, link))
    }

    /// All links' rows.
    pub(super) fn rows(&self) -> impl Iterator<Item = Link> {
        let rows = self.players.into_iter().chain(self.remnants);
        rows.flatten()
    }

    pub(super) fn leases(&mut self) -> impl Iterator<Item = &mut Lease> {
        let records = self.records.iter_mut().flatten().map(|it| &mut it.lease);
        let rows = self.players.iter_mut().chain(&mut self.remnants);
        records.chain(rows.flatten().map(|link| &mut link.lease))
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.processes == [Task::Idle; 2]
    }

    /// The request is over, or the process has crashed: its memory is gone, its leases stay.
    pub(super) fn end(&mut self, process: Process) {
        self.processes[process as usize] = Task::Idle;
        for lease in self.leases() {
            lease.orphan(process);
        }
    }

    /// The processes are alike, so one of two states that differ only by their names stands for
    /// both.
    pub(super) fn representative(&self) -> Self {
        let mut processes = self.processes;
        processes.swap(0, 1);
        for task in &mut processes {
            if let Task::Unlinking(_, link) = task {
                link.lease = link.lease.swapped();
            }
        }
        if self.processes < processes {
            return *self;
        }
        let is_even = self.processes == processes;
        let mut other = Self { processes, ..*self };
        for lease in other.leases() {
            *lease = lease.swapped();
        }
        if is_even { other.min(*self) } else { other }
    }
}
