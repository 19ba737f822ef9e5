#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::*;

fn jp() -> RegistryId {
    "jp".parse().unwrap()
}

#[test]
fn tokens_read_well_where_they_can() {
    for (text, token) in [
        ("lei:5493001KJTIIGC8Y1R12", "lei:5493001KJTIIGC8Y1R12"),
        ("local:cc:Foo%20Bar", "local:cc:Foo%20Bar"),
        ("eucc-1.0", "eucc-1=2E0"),
        ("a=b", "a=3Db"),
        ("*", "=2A"),
        (">", "=3E"),
        ("★4", "=E2=98=854"),
        ("a b\r\n", "a=20b=0D=0A"),
    ] {
        assert_eq!(Token::new(&text).as_str(), token);
        assert_eq!(Token::decode(token).as_deref(), Some(text));
    }
}

#[test]
fn only_canonical_tokens_decode() {
    for (token, why) in [
        ("a.b", "a separator"),
        ("*", "a wildcard"),
        ("=2e", "lower-case digits"),
        ("=41", "an escape that was not needed"),
        ("=4", "an escape cut short"),
        ("=FF", "not UTF-8"),
        ("a b", "a blank"),
    ] {
        assert_eq!(Token::decode(token), None, "{why}");
    }
}

#[test]
fn status_subjects_have_four_tokens_whatever_the_identifier() {
    let scheme: SchemeId = "eucc-1.0".parse().unwrap();
    let supplier = Identifier::local("cc", "* > a.b ★").unwrap();
    let subject = Subject::status(&jp(), &scheme, &supplier);
    assert_eq!(subject.as_str().split('.').count(), 4);
    assert!(!subject.as_str().contains(['*', '>', ' ']));
    let last = subject.as_str().rsplit('.').next().unwrap();
    assert_eq!(Token::decode(last).unwrap(), supplier.to_string());
}

#[test]
fn no_sector_is_taken_for_all_or_for_more_than_one_token() {
    for (sector, subject) in
        [(None, "bulletin.jp"), (Some("isic4.C"), "bulletin.jp.isic4=2EC"), (Some("all"), "bulletin.jp.all")]
    {
        let sector = sector.map(|code| code.parse().unwrap());
        assert_eq!(Subject::bulletin(&jp(), sector.as_ref()).as_str(), subject);
    }
    assert_eq!(Subject::registry(&jp()).as_str(), "registry.jp");
}

#[test]
fn a_heartbeat_is_heard_and_not_kept() {
    let heartbeat = Pattern::exactly(&Subject::heartbeat(&jp()));
    assert_eq!(heartbeat.as_str(), "heartbeat.jp");
    assert!(Pattern::heard_from(&jp()).contains(&heartbeat) && !Pattern::told_by(&jp()).contains(&heartbeat));
}

#[test]
fn patterns_of_buyers() {
    let scheme: SchemeId = "star".parse().unwrap();
    assert_eq!(Pattern::status(&jp(), None, None).as_str(), "status.jp.*.*");
    assert_eq!(Pattern::status(&jp(), Some(&scheme), None).as_str(), "status.jp.star.*");
}

#[test]
fn typed_subjects_are_checked() {
    for (text, subject, pattern) in [
        ("jp.svc.control.hello", true, true),
        ("status.jp.*.*", false, true),
        ("status.>", false, true),
        (">", false, true),
        ("status.>.x", false, false),
        ("a.b*", false, false),
        ("a..b", false, false),
        ("a b", false, false),
        ("a\r\nPUB x", false, false),
        (".a", false, false),
        ("", false, false),
    ] {
        assert_eq!(text.parse::<Subject>().is_ok(), subject, "{text:?}");
        assert_eq!(text.parse::<Pattern>().is_ok(), pattern, "{text:?}");
    }
}

#[test]
fn who_asks_is_read_from_the_account_bound_subject_only() {
    let eu: RegistryId = "eu".parse().unwrap();
    for service in Service::ALL {
        let subject = format!("svc.eu.{service}");
        assert_eq!(asked(&subject), Some((eu.clone(), service)));
    }
    for (subject, why) in [
        ("svc.eu.feed.hello", "a control service under the feed"),
        ("svc.eu.control.range", "a feed service under control"),
        ("svc.eu.feed.range.x", "too long"),
        ("svc.eu.feed", "too short"),
        ("svc.EU.feed.range", "not a registry"),
        ("jp.svc.feed.range", "the peer's side of the renaming"),
        ("", "empty"),
    ] {
        assert_eq!(asked(subject), None, "{why}");
    }
}

proptest! {
    #[test]
    fn every_text_has_one_token(text in ".{1,64}", other in ".{1,64}") {
        let token = Token::new(&text);
        prop_assert!(token.as_str().bytes().all(|b| stands_for_itself(b) || b == b'='));
        prop_assert_eq!(Token::decode(token.as_str()), Some(text.clone()));
        prop_assert_eq!(token == Token::new(&other), text == other);
    }

    #[test]
    fn every_token_that_decodes_is_canonical(token in "[A-F0-9a-f=.:]{1,12}") {
        if let Some(text) = Token::decode(&token) {
            prop_assert_eq!(Token::new(&text).to_string(), token);
        }
    }
}
