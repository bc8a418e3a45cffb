//! Inputs that are worth trying.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Number, Value};

/// Pieces that parsers trip over, or that mean something to ours.
const HOT: &[&str] = &[
    "",
    " ",
    "\t",
    "\r\n",
    "\u{0}",
    "\u{7f}",
    "\u{85}",
    "\u{a0}",
    "\u{200b}",
    "\u{202e}",
    "\u{feff}",
    "é",
    "ß",
    "\u{1F3AE}",
    "\u{10FFFF}",
    "\\",
    "/",
    "//",
    "..",
    "%",
    "%00",
    "%0d%0a",
    "%2e",
    "%zz",
    "+",
    "&",
    "=",
    ";",
    ",",
    ":",
    "@",
    "#",
    "?",
    "*",
    "'",
    "\"",
    "<script>",
    "{",
    "}",
    "[",
    "]",
    "null",
    "true",
    "NaN",
    "-0",
    "1e400",
    "9223372036854775808",
    "-1",
    "00",
    "0x1",
    "\\ud800",
    "FULFILL",
    "NOOP",
    "SUCCESS",
    "ERROR",
    "Bearer",
    "none",
    "HS256",
    "RS256",
    "kid",
    "crit",
    "__proto__",
    "player_id",
    "entitlement_ids",
    "EntitlementId",
    "access_token",
    "user_id",
    "aud",
    "exp",
    "state",
    "code",
    "error",
    "scope",
    "ticket",
    "de",
    "en;q=",
    "q=0.5",
    "whsec_",
    "prime-gaming-browser=",
    "games::prime profile",
    "https://play.example.com",
    "mygame:",
    "javascript:",
    "http://127.0.0.1",
    "p1",
    "linked",
    "pending",
];

/// A piece that parsers trip over.
pub fn word() -> impl Strategy<Value = String> + Clone {
    select(HOT).prop_map(str::to_owned)
}

/// A text of such pieces and of any other characters; now and then a long one.
pub fn text() -> impl Strategy<Value = String> + Clone {
    let piece = prop_oneof![
        word(),
        any::<char>().prop_map(String::from),
        "[a-zA-Z0-9_.-]{1,12}"
    ];
    prop_oneof![
        20 => vec(piece, 0..8).prop_map(|pieces| pieces.concat()),
        1 => (word(), 0_usize..2000).prop_map(|(word, times)| word.repeat(times)),
    ]
}

fn number() -> impl Strategy<Value = Value> + Clone {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-3_i64..4).prop_map(Value::from),
        any::<f64>().prop_map(|number| Number::from_f64(number).map_or(Value::Null, Value::Number)),
    ]
}

/// Any JSON.
pub fn json() -> impl Strategy<Value = Value> + Clone {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number(),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            btree_map(text(), inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// An object with some of these members: each missing, as given, or anything at all; and members
/// that the reader does not know.
pub fn object(members: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let known: Vec<_> = members
        .into_iter()
        .map(|(name, good)| {
            let value = prop_oneof![
                8 => good.prop_map(Some),
                1 => json().prop_map(Some),
                1 => Just(None),
            ];
            value.prop_map(move |value| value.map(|value| (name.to_owned(), value)))
        })
        .collect();
    let unknown = prop_oneof![
        3 => Just(Vec::new()),
        1 => vec((text(), json()), 1..3),
    ];
    // Known ones win, or a good object would hardly ever come out.
    (known, unknown)
        .prop_map(|(known, unknown)| {
            Value::Object(
                unknown
                    .into_iter()
                    .chain(known.into_iter().flatten())
                    .collect(),
            )
        })
        .boxed()
}

/// One change of an input.
#[derive(Clone, Debug)]
enum Edit {
    Flip(Index, u8),
    Remove(Index, Index),
    Insert(Index, String),
    Repeat(Index, Index, usize),
    Splice(Index, Index),
}

fn edit() -> impl Strategy<Value = Edit> + Clone {
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, mask)| Edit::Flip(at, mask)),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Edit::Remove(from, to)),
        (any::<Index>(), word()).prop_map(|(at, word)| Edit::Insert(at, word)),
        (any::<Index>(), any::<Index>(), 1_usize..20)
            .prop_map(|(from, to, times)| Edit::Repeat(from, to, times)),
        (any::<Index>(), any::<Index>()).prop_map(|(at, other)| Edit::Splice(at, other)),
    ]
}

/// The seeds, each changed in one to four places.
pub fn mutated(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (any::<Index>(), vec(edit(), 1..5)).prop_map(move |(seed, edits)| {
        let mut input = seeds[seed.index(seeds.len())].clone();
        for edit in edits {
            apply(&mut input, edit, &seeds);
        }
        input
    })
}

fn apply(input: &mut Vec<u8>, edit: Edit, seeds: &[Vec<u8>]) {
    let place = |index: Index, input: &[u8]| index.index(input.len() + 1);
    let range = |from: Index, to: Index, input: &[u8]| {
        let (from, to) = (place(from, input), place(to, input));
        from.min(to)..from.max(to)
    };
    match edit {
        Edit::Flip(at, mask) => {
            let at = place(at, input);
            if let Some(byte) = input.get_mut(at) {
                *byte ^= mask;
            }
        }
        Edit::Remove(from, to) => {
            input.drain(range(from, to, input));
        }
        Edit::Insert(at, word) => {
            let at = place(at, input);
            input.splice(at..at, word.into_bytes());
        }
        Edit::Repeat(from, to, times) => {
            let range = range(from, to, input);
            let copies = input[range.clone()].repeat(times);
            input.splice(range.end..range.end, copies);
        }
        Edit::Splice(at, other) => {
            let at = place(at, input);
            let other = &seeds[other.index(seeds.len())];
            input.truncate(at);
            input.extend_from_slice(&other[at.min(other.len())..]);
        }
    }
}
