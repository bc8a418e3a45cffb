//! The players, accounts and other things of the model: two of each.

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident),+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(super) enum $name { $($(#[$value_doc])* $value),+ }

        impl $name {
            pub(super) const ALL: [Self; 2] = [$(Self::$value),+];
        }
    };
}

names!(
    /// Whom the studio identifies.
    Player { A, B }
);
names!(
    /// An Amazon account.
    Account { X, Y }
);
names!(
    /// What an Amazon account has claimed, or will.
    Entitlement { E, F }
);
names!(
    /// An instance of a function. It serves one request at a time.
    Process { P, Q }
);

/// A set of entitlements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Set(u8);

impl Set {
    pub(super) fn has(self, it: Entitlement) -> bool {
        self.0 & (1 << it as u8) != 0
    }

    pub(super) fn add(&mut self, it: Entitlement) {
        self.0 |= 1 << it as u8;
    }

    pub(super) fn remove(&mut self, it: Entitlement) {
        self.0 &= !(1 << it as u8);
    }

    pub(super) fn first(self) -> Option<Entitlement> {
        Entitlement::ALL.into_iter().find(|it| self.has(*it))
    }

    pub(super) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn of(is_in: impl Fn(Entitlement) -> bool) -> Self {
        let mut set = Self::default();
        for it in Entitlement::ALL {
            if is_in(it) {
                set.add(it);
            }
        }
        set
    }
}

impl Process {
    pub(super) fn other(self) -> Self {
        match self {
            Self::P => Self::Q,
            Self::Q => Self::P,
        }
    }
}
