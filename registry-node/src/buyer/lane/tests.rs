//! What becomes of a lane, table by table.

#![allow(clippy::unwrap_used)]
use super::*;

const PATIENCE: Patience = Patience { first_pause: Duration::from_secs(10), give_up: SignedDuration::from_hours(72) };

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn behind(index: u64) -> Lane {
    Lane { behind: Some(Spot::of_entry(index)), ..Lane::default() }
}

#[test]
fn a_lane_moves_on_when_and_only_when_something_is_taken() {
    let mut lane = Lane::default();
    assert_eq!(lane.due(at(0)), None);
    assert!(lane.fits(Spot::of_entry(7)) && !lane.fits(Spot::of_entry(9)));
    assert_eq!(lane.due(at(0)), Some(at(0)));
    lane.answered(Spot::of_entry(7), &Answer::Failed("no".to_owned()), at(0), &PATIENCE, 0.5);
    assert_eq!((lane.behind, lane.due(at(1))), (Some(Spot::of_entry(7)), Some(at(10))));
    lane.answered(Spot::of_entry(7), &Answer::Taken(200), at(10), &PATIENCE, 0.5);
    assert_eq!((lane.behind, lane.trouble), (Some(Spot { index: 7, position: 1 }), None));
    assert_eq!(Spot { index: 7, position: u32::MAX }.behind(), Spot::of_entry(8));
}

#[test]
fn pauses_double_up_to_an_hour_and_differ() {
    let mut lane = behind(1);
    let mut pauses = Vec::new();
    for _ in 0..12 {
        lane.answered(Spot::of_entry(1), &Answer::Failed(String::new()), at(0), &PATIENCE, 0.5);
        pauses.push(lane.trouble.as_ref().unwrap().next.as_second());
    }
    assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600, 3_600]);
    for (jitter, pause) in [(0.0, 2_700), (1.0, 4_500)] {
        lane.answered(Spot::of_entry(1), &Answer::Failed(String::new()), at(0), &PATIENCE, jitter);
        assert_eq!(lane.trouble.as_ref().unwrap().next.as_second(), pause);
    }
}

#[test]
fn who_takes_nothing_for_days_or_is_gone_is_parked_and_loses_nothing() {
    let days = 72 * 3_600;
    let mut lane = behind(5);
    lane.answered(Spot::of_entry(5), &Answer::Failed("no".to_owned()), at(0), &PATIENCE, 0.5);
    lane.answered(Spot::of_entry(5), &Answer::Failed("no".to_owned()), at(days - 1), &PATIENCE, 0.5);
    assert!(lane.parked.is_none());
    lane.answered(Spot::of_entry(5), &Answer::Failed("no".to_owned()), at(days), &PATIENCE, 0.5);
    assert!(lane.parked.as_ref().unwrap().why.contains("no") && lane.due(at(days * 2)).is_none());
    lane.resume();
    assert_eq!((lane.behind, lane.due(at(1))), (Some(Spot::of_entry(5)), Some(at(1))));
    lane.answered(Spot::of_entry(5), &Answer::Gone, at(1), &PATIENCE, 0.5);
    assert!(lane.parked.is_some() && lane.behind == Some(Spot::of_entry(5)));
}

#[test]
fn a_message_that_is_refused_again_and_again_is_set_aside_and_can_be_sent_again() {
    let mut lane = behind(3);
    for _ in 0..REFUSALS {
        assert_eq!(lane.behind, Some(Spot::of_entry(3)));
        lane.answered(Spot::of_entry(3), &Answer::Refused(400), at(0), &PATIENCE, 0.5);
    }
    assert_eq!((lane.behind, lane.dead.len(), &lane.trouble), (Some(Spot::of_entry(3).behind()), 1, &None));
    assert_eq!((lane.revive(), lane.dead.len()), (1, 0));
    lane.answered(Spot::of_entry(3), &Answer::Taken(200), at(0), &PATIENCE, 0.5);
    assert_eq!((lane.again.len(), lane.behind), (0, Some(Spot::of_entry(3).behind())), "those behind it wait on");
    lane.dead = vec![DeadLetter::refused(Spot::of_entry(1), 400, at(0)); MAX_DEAD];
    for _ in 0..REFUSALS {
        lane.answered(Spot::of_entry(4), &Answer::Refused(400), at(0), &PATIENCE, 0.5);
    }
    assert!(lane.parked.is_some(), "no message is dropped");
    lane.rewind(Spot::of_entry(0));
    assert_eq!((lane.behind, lane.due(at(0))), (Some(Spot::of_entry(0)), Some(at(0))));
}

#[test]
fn a_new_place_keeps_the_dead_letters_before_it_that_are_to_be_sent_again() {
    let letter = |index| DeadLetter::refused(Spot::of_entry(index), 400, at(0));
    for (place, left) in [(9, vec![3, 5]), (5, vec![3]), (0, vec![])] {
        let mut lane = Lane { dead: vec![letter(3), letter(5)], ..behind(12) };
        lane.revive();
        lane.rewind(Spot::of_entry(place));
        assert_eq!(lane.again.iter().map(|spot| spot.index).collect::<Vec<_>>(), left, "{place}");
        assert_eq!(lane.behind, Some(Spot::of_entry(place)));
    }
}

#[test]
fn what_cannot_be_found_out_is_tried_for_as_long_as_it_takes_and_never_held_against_the_receiver() {
    let (mut lane, year, no) = (behind(1), 365 * 86_400, Answer::Failed("no".to_owned()));
    for second in [0, year, 2 * year] {
        lane.hindered(Hindrance::NotFoundOut, at(second), &PATIENCE, 0.5);
    }
    let trouble = lane.trouble.clone().unwrap();
    assert_eq!((trouble.attempts, trouble.code, trouble.since), (3, Some(Hindrance::NotFoundOut), at(0)));
    assert_eq!((lane.behind, lane.due(at(2 * year))), (Some(Spot::of_entry(1)), Some(at(2 * year + 40))));
    lane.answered(Spot::of_entry(1), &no, at(2 * year), &PATIENCE, 0.5);
    let trouble = lane.trouble.clone().unwrap();
    assert_eq!((trouble.attempts, trouble.code, trouble.since), (1, None, at(2 * year)), "it begins anew");
    lane.unhindered();
    assert!(lane.trouble.is_some(), "what the receiver does not take is its own trouble");
    lane.hindered(Hindrance::NotFoundOut, at(2 * year), &PATIENCE, 0.5);
    lane.unhindered();
    assert_eq!((lane.trouble, lane.parked), (None, None));
}

#[test]
fn what_never_can_be_told_is_set_aside_once_and_those_behind_it_are_told() {
    let mut lane = behind(3);
    for _ in 0..3 {
        lane.undeliverable(Spot::of_entry(3), Hindrance::TooMuchPast, at(7));
        let dead = DeadLetter {
            spot: Spot::of_entry(3),
            since: at(7),
            status: None,
            code: Some(Hindrance::TooMuchPast),
            news: None,
        };
        assert_eq!((lane.dead.as_slice(), lane.behind), (&[dead][..], Some(Spot::of_entry(3).behind())));
        lane.rewind(Spot::of_entry(3));
    }
    assert_eq!(lane.revive(), 1);
    lane.undeliverable(Spot::of_entry(3), Hindrance::TooMuchPast, at(8));
    assert_eq!((lane.dead.len(), lane.again.len(), lane.behind), (1, 0, Some(Spot::of_entry(3))));
}

#[test]
fn a_dead_letter_of_before_there_were_codes_is_read() {
    let letter: DeadLetter =
        serde_json::from_str(r#"{"index":3,"position":1,"since":"1970-01-01T00:00:00Z","status":400}"#).unwrap();
    assert_eq!(letter, DeadLetter::refused(Spot { index: 3, position: 1 }, 400, at(0)));
}

#[test]
fn who_takes_no_heartbeats_for_days_or_is_gone_is_parked() {
    let (days, no) = (72 * 3_600, Answer::Failed("no".to_owned()));
    let rows = [
        (vec![(&no, 0), (&no, days)], true),
        (vec![(&no, 0), (&Answer::Taken(204), 60), (&no, days)], false),
        (vec![(&no, 0), (&Answer::Refused(400), 60), (&no, days)], false),
        (vec![(&Answer::Gone, 0)], true),
    ];
    for (answers, is_parked) in rows {
        let mut lane = Lane::default();
        for (answer, second) in &answers {
            lane.beat(answer, at(*second), &PATIENCE, 0.5);
        }
        assert_eq!((lane.parked.is_some(), lane.behind), (is_parked, None), "{answers:?}");
    }
    for (answer, is_parked) in [(no, false), (Answer::Refused(400), false), (Answer::Gone, true)] {
        let mut lane = behind(3);
        lane.pinged(&answer, at(0));
        assert_eq!((lane.parked.is_some(), lane.trouble), (is_parked, None), "{answer:?}");
    }
}

#[test]
fn a_clock_that_is_set_back_holds_nothing_up() {
    let mut lane = behind(1);
    lane.answered(Spot::of_entry(1), &Answer::Failed(String::new()), at(1_000_000), &PATIENCE, 0.5);
    for (now, due) in
        [(999_990, 1_000_010), (1_000_010 - 75 * 60, 1_000_010), (1_000_010 - 75 * 60 - 1, 995_509), (7, 7)]
    {
        assert_eq!(lane.due(at(now)), Some(at(due)), "{now}");
    }
    lane.answered(Spot::of_entry(1), &Answer::Failed(String::new()), at(7), &PATIENCE, 0.5);
    assert_eq!(lane.trouble.unwrap().since, at(7), "days count from then");
}

#[test]
fn so_many_deliveries_are_remembered() {
    let mut lane = Lane::default();
    for number in 0..REMEMBERED + 5 {
        let (id, told) = (number.to_string(), String::new());
        lane.remember(Delivery { id, at: at(0), took: 0, taken: true, told });
    }
    assert_eq!((lane.deliveries.len(), lane.deliveries[0].id.as_str()), (REMEMBERED, "5"));
}

fn news(spell: u64, ended: bool, revision: u64) -> Heard {
    let stage = Stage { spell, ended, revision };
    Heard { offer: "V-1".parse().unwrap(), stage, is_last: false, spot: Spot::of_entry(7) }
}

fn heard(spell: u64, ended: bool, revision: u64) -> Sending {
    Sending::News(news(spell, ended, revision))
}

#[test]
fn a_partner_that_was_tried_may_have_heard_and_one_that_refused_is_as_far_as_if_it_had() {
    let name: Name = "V-1".parse().unwrap();
    let told = |lane: &Lane| lane.told.get(&name).map(|stage| (stage.spell, stage.ended, stage.revision));
    let mut lane = behind(7);
    lane.may_have_heard(&news(1, false, 1));
    lane.answered(heard(1, false, 1), &Answer::Failed("no".to_owned()), at(0), &PATIENCE, 0.5);
    assert_eq!(told(&lane), Some((1, false, 0)), "its end is owed, and its beginning still");
    lane.answered(heard(1, false, 1), &Answer::Taken(204), at(9), &PATIENCE, 0.5);
    assert_eq!((told(&lane), &lane.trouble, lane.behind), (Some((1, false, 1)), &None, Some(Spot::of_entry(7))));
    for _ in 0..REFUSALS {
        lane.answered(heard(1, false, 2), &Answer::Refused(400), at(20), &PATIENCE, 0.5);
    }
    lane.answered(heard(1, true, 2), &Answer::Taken(204), at(30), &PATIENCE, 0.5);
    assert_eq!((told(&lane), lane.dead.len()), (Some((1, true, 2)), 1));
    let kept: Lane = serde_json::from_value(serde_json::to_value(&lane).unwrap()).unwrap();
    assert_eq!(kept, lane);
    assert_eq!((lane.revive(), told(&lane)), (1, Some((1, false, 1))), "what came behind it, too");
    lane.may_have_heard(&news(1, false, 2));
    assert_eq!(told(&lane), Some((1, false, 1)), "it goes back by no attempt");
    lane.answered(heard(2, false, 3), &Answer::Taken(204), at(40), &PATIENCE, 0.5);
    lane.rewind(Spot::of_entry(0));
    assert_eq!(told(&lane), Some((2, false, 0)));
}

#[test]
fn a_partner_that_serves_no_notifications_is_owed_none() {
    let mut lane = behind(7);
    lane.answered(heard(1, false, 1), &Answer::NotServed, at(0), &PATIENCE, 0.5);
    assert!(lane.parked.as_ref().unwrap().why.contains("501") && lane.due(at(1)).is_none());
    let mut lane = behind(7);
    lane.answered(Spot::of_entry(7), &Answer::NotServed, at(0), &PATIENCE, 0.5);
    assert!(lane.parked.is_none() && lane.trouble.is_some(), "another webhook may serve it later");
}
