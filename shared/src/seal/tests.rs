use super::*;

const ONE: &[u8] = &[1; KEY_LEN];
const TWO: &[u8] = &[2; KEY_LEN];
const PLACE: &[&str] = &["link", "player-1"];

fn keys(keys: &[(&str, &[u8])]) -> TokenKeys {
    TokenKeys::new(keys).expect("good keys")
}

#[test]
fn what_is_sealed_opens_in_its_place_and_nowhere_else() {
    let keys = keys(&[("k1", ONE)]);
    let sealed = keys.seal(b"Atzr|token", PLACE);
    assert!(sealed.as_str().starts_with("k1."));
    assert!(!sealed.as_str().contains("Atzr"));
    let opened = keys.open(&sealed, PLACE).expect("its own place");
    assert_eq!(opened.as_slice(), b"Atzr|token");
    let elsewhere: [&[&str]; 4] = [
        &["link", "player-2"],
        &["linkp", "layer-1"],
        &["linkplayer-1"],
        &["link", "player-1", ""],
    ];
    for place in elsewhere {
        assert_eq!(
            keys.open(&sealed, place).expect_err("moved"),
            OpenError::Broken,
            "{place:?}"
        );
    }
}

#[test]
fn the_same_text_is_sealed_differently_each_time() {
    let keys = keys(&[("k1", ONE)]);
    assert_ne!(keys.seal(b"token", PLACE), keys.seal(b"token", PLACE));
}

#[test]
fn no_flipped_bit_goes_unnoticed() {
    let keys = keys(&[("k1", ONE)]);
    let sealed = keys.seal(b"token", PLACE);
    let text = sealed.as_str().strip_prefix("k1.").expect("its key");
    let bytes = URL_SAFE_NO_PAD.decode(text).expect("base64");
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let changed = Sealed(format!("k1.{}", URL_SAFE_NO_PAD.encode(changed)));
        assert_eq!(
            keys.open(&changed, PLACE).expect_err("changed"),
            OpenError::Broken
        );
    }
}

#[test]
fn nonsense_is_broken() {
    let keys = keys(&[("k1", ONE)]);
    for text in [
        "",
        "k1",
        "k1.",
        "k1.AAAA",
        "k1.not base64!",
        ".AAAA",
        "a b.AAAA",
    ] {
        let error = keys
            .open(&Sealed::from(text.to_owned()), PLACE)
            .expect_err("nonsense");
        assert_eq!(error, OpenError::Broken, "{text:?}");
    }
}

#[test]
fn rotation_seals_with_the_first_and_opens_with_all() {
    let before = keys(&[("k1", ONE)]);
    let appended = keys(&[("k1", ONE), ("k2", TWO)]);
    let moved = keys(&[("k2", TWO), ("k1", ONE)]);
    let old = before.seal(b"token", PLACE);
    let new = moved.seal(b"token", PLACE);
    assert!(new.as_str().starts_with("k2."));
    for keys in [&appended, &moved] {
        assert!(keys.open(&old, PLACE).is_ok() && keys.open(&new, PLACE).is_ok());
    }
    let error = before.open(&new, PLACE).expect_err("it does not know k2");
    assert_eq!(error, OpenError::UnknownKey("k2".to_owned()));
    // The same id with other bytes is another key.
    assert_eq!(
        keys(&[("k1", TWO)]).open(&old, PLACE).expect_err("other"),
        OpenError::Broken
    );
}

#[test]
fn every_fault_of_the_keys_is_named() {
    let faults =
        TokenKeys::new(&[("k1", ONE), ("k 2", &[0; 31]), ("k1", TWO)]).expect_err("three faults");
    assert_eq!(
        faults,
        [
            (1, KeyError::Id),
            (1, KeyError::Length),
            (2, KeyError::Doubled)
        ]
    );
    assert_eq!(
        TokenKeys::new(&[]).expect_err("no key"),
        [(0, KeyError::Empty)]
    );
}

#[test]
fn keys_are_proved_one_by_one() {
    let keys = keys(&[("k1", ONE), ("k2", TWO)]);
    assert_eq!(keys.prove(), Ok(vec!["k1", "k2"]));
    // What the second key seals, the first one is taken for.
    let mut mistaken = keys;
    mistaken.0[1].id = "k1".to_owned();
    assert_eq!(mistaken.prove(), Err("k1"));
}

#[test]
fn debug_shows_ids_only() {
    let keys = keys(&[("k1", ONE), ("k2", TWO)]);
    assert_eq!(format!("{keys:?}"), r#"["k1", "k2"]"#);
}
