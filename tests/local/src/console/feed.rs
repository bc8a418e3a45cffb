//! What the functions ask, and what players and games ask of the API: the last of it, in order.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::time::Time;

/// How many entries are kept.
const KEPT: usize = 500;

/// A request, and what became of it. No secret is in it.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// From 1, without a gap.
    pub number: u64,
    /// When it was over, RFC 3339.
    pub at: String,
    /// Which function asked, or `gateway`.
    pub function: String,
    /// What was asked.
    pub service: Service,
    /// What for.
    pub request: String,
    /// The answer's status. `None`: the function got no answer.
    pub status: Option<u16>,
    /// What it wrote, a line for each row or entitlement.
    pub wrote: Vec<String>,
    /// What was done to it, or why it wrote nothing.
    pub note: Option<String>,
}

impl Entry {
    /// Whether this is the same search once more: a run of `reconcile` makes one for each shard of an
    /// index.
    fn is_repeated_by(&self, seen: &Seen) -> bool {
        self.request.starts_with("Query ")
            && self.request == seen.request
            && self.function == seen.function
            && self.status == seen.status
            && self.note.is_none()
            && seen.note.is_none()
    }
}

/// What a request was made to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// The service's own API.
    Api,
    /// DynamoDB.
    Dynamodb,
    /// Login with Amazon.
    Lwa,
    /// Prime Gaming.
    PrimeGaming,
    /// The studio's webhook.
    Webhook,
}

/// A request that is over. The feed gives it its number and time.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Which function asked, or `gateway`.
    pub function: String,
    /// What was asked.
    pub service: Service,
    /// What for.
    pub request: String,
    /// The answer's status.
    pub status: Option<u16>,
    /// What it wrote.
    pub wrote: Vec<String>,
    /// What was done to it.
    pub note: Option<String>,
}

/// The last entries. Clones are the same feed.
#[derive(Clone, Debug)]
pub struct Feed {
    time: Time,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    last: u64,
    entries: VecDeque<Entry>,
}

impl Feed {
    /// An empty one, which looks at this clock.
    #[must_use]
    pub fn new(time: Time) -> Self {
        Self {
            time,
            kept: Arc::default(),
        }
    }

    /// Adds an entry, and drops the oldest one if there are too many.
    pub fn add(&self, seen: Seen) {
        let at = self.time.now().to_string();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept
            .entries
            .back()
            .is_some_and(|last| last.is_repeated_by(&seen))
        {
            return;
        }
        kept.last += 1;
        let entry = Entry {
            number: kept.last,
            at,
            function: seen.function,
            service: seen.service,
            request: seen.request,
            status: seen.status,
            wrote: seen.wrote,
            note: seen.note,
        };
        if kept.entries.len() == KEPT {
            kept.entries.pop_front();
        }
        kept.entries.push_back(entry);
    }

    /// The entries after the one of this number, and whether some of those were dropped.
    #[must_use]
    pub fn after(&self, number: u64) -> (Vec<Entry>, bool) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let newer = kept.entries.iter().filter(|entry| entry.number > number);
        let newer: Vec<_> = newer.cloned().collect();
        let first = newer.first().map_or(kept.last + 1, |entry| entry.number);
        (newer, first > number + 1 && number < kept.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_in_many_shards_is_one_entry() {
        let feed = Feed::new(Time::default());
        for request in [
            "Query a due",
            "Query a due",
            "GetItem a",
            "GetItem a",
            "Query a due",
        ] {
            feed.add(seen(request));
        }
        let (entries, _) = feed.after(0);
        let requests: Vec<_> = entries.iter().map(|it| it.request.as_str()).collect();
        assert_eq!(
            requests,
            ["Query a due", "GetItem a", "GetItem a", "Query a due"]
        );
    }

    fn seen(request: &str) -> Seen {
        Seen {
            function: "link".to_owned(),
            service: Service::Lwa,
            request: request.to_owned(),
            status: Some(200),
            wrote: Vec::new(),
            note: None,
        }
    }

    #[test]
    fn a_reader_gets_what_is_new_and_is_told_what_was_dropped() {
        let feed = Feed::new(Time::default());
        assert!(matches!(feed.after(0), (entries, false) if entries.is_empty()));
        for number in 1..=KEPT + 2 {
            feed.add(seen(&number.to_string()));
        }
        let last = u64::try_from(KEPT + 2).expect("it is small");
        let numbers = |after| {
            let (entries, left) = feed.after(after);
            let of = |entry: Option<&Entry>| entry.map(|entry| entry.number);
            (of(entries.first()), of(entries.last()), left)
        };
        assert_eq!(numbers(0), (Some(3), Some(last), true));
        assert_eq!(numbers(2), (Some(3), Some(last), false));
        assert_eq!(numbers(last - 1), (Some(last), Some(last), false));
        assert_eq!(numbers(last), (None, None, false));
        assert_eq!(numbers(last + 9), (None, None, false));
    }
}
