//! Seats of event streams: of all, of each, and of those who show no certificate.

use std::sync::Arc;

use super::events::speaker;
use super::fixture::World;
use crate::config::Limits;
use crate::http::each::Source;
use crate::http::seats::Seats;
use crate::http::server::Caller;
use crate::metrics::Metrics;

fn from(address: &str) -> Caller {
    Caller::default().at(Source::of(address.parse().unwrap()))
}

#[tokio::test]
async fn those_without_a_name_leave_a_quarter_to_those_who_have_one() {
    let limits = Limits { event_streams: 4, event_streams_each: 2, ..Limits::default() };
    let metrics = Arc::<Metrics>::default();
    let seats = Seats::new(&limits, Arc::clone(&metrics));
    let why = |caller: &Caller| seats.take(caller).err().map(|problem| problem.detail);
    let (one, other) = (from("192.0.2.1"), from("192.0.2.2"));
    let _taken = (seats.take(&one).unwrap(), seats.take(&one).unwrap());
    assert!(why(&one).unwrap().contains("close one of them"));
    let last = seats.take(&other).unwrap();
    assert!(why(&other).unwrap().contains("try again later"), "the fourth is for those who have a name");
    let named = Caller::of(Some(speaker(&World::furnished().await)));
    let own = seats.take(&named).unwrap();
    assert!(why(&named).unwrap().contains("try again later"), "all are taken");
    drop(last);
    let _second = seats.take(&named).unwrap();
    drop(own);
    assert_eq!(metrics.event_streams.get(), 3);
}
