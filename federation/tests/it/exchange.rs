//! Two registries over a real nats-server: jp answers from a real log, eu follows it into a real mirror.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use conformity::audience::{Audience, audience};
use conformity::records::{Facts, Register};
use conformity::statement::Statement;
use federation::access::Peering;
use federation::bus::{Bus, BusError, Delivery, Incoming, Link, Subscription};
use federation::follow::Standing;
use federation::messages::{
    Answer, CheckpointAnswer, CheckpointRequest, Head, MAX_ENTRIES, Message, Range, RangeRequest, Refused,
};
use federation::mirror::Mirror;
use federation::serve;
use federation::server::Status;
use federation::subjects::{Pattern, Service, Subject, asked};
use ledger::jws::Unverified;
use ledger::log::LogReader;
use tempfile::TempDir;

use crate::follow::peer::{Peer, knowledge, scope, verdict_id};
use crate::registry::{BOUND, PATIENCE, Registry, id};

/// jp's side: what it shows is what was agreed on.
async fn answer(node: Link, log: LogReader, register: Arc<Register>) {
    let mut questions = node.subscribe(&Pattern::all_services()).await.unwrap();
    while let Some(delivery) = questions.next().await {
        let Delivery::Message(question) = delivery else { continue };
        let written = written(&question, &log, &register);
        // A question whose asker is gone by now has no answer.
        let _ = node.answer(&question, written).await;
    }
}

fn written(question: &Incoming, log: &LogReader, register: &Register) -> Bytes {
    match asked(&question.subject) {
        Some((_, Service::Checkpoint)) => {
            serve::checkpoint(log, &CheckpointRequest::decode(&question.payload).unwrap()).encode()
        }
        Some((_, Service::Range)) => {
            let request = RangeRequest::decode(&question.payload).unwrap();
            serve::range(log, &request, u64::MAX, |index, compact| shown(register, index, compact)).encode()
        }
        _ => Answer::<CheckpointAnswer>::Refused(Refused::new("unknown", "not in this test")).encode(),
    }
}

fn shown(register: &Register, index: u64, compact: &Bytes) -> bool {
    let unverified = Unverified::parse(compact.clone()).unwrap();
    let statement = Statement::parse(unverified.unverified_payload()).unwrap();
    match audience(register, &statement, index) {
        Audience::Foundation => true,
        Audience::Scheme(scheme) => super::follow::peer::scope().contains(&scheme),
        Audience::Relations | Audience::Own => false,
    }
}

struct Pair {
    jp: Registry,
    peer: Peer,
    log: ledger::log::Log,
    node: Link,
    eu: Link,
    mirror: Mirror,
    folder: TempDir,
}

impl Pair {
    async fn new() -> Self {
        let mut jp = Registry::start("jp", &[("eu", Peering::InForce)]).await;
        let peer = Peer::at_work();
        let folder = tempfile::tempdir().unwrap();
        let log = peer.kept_in(&folder.path().join("log"));
        let (node, eu) = (jp.node().await, jp.peer("eu").await);
        tokio::spawn(answer(node.clone(), log.reader(), Arc::new(whole(&peer))));
        let mirror = open(&folder, &peer);
        let pair = Self { jp, peer, log, node, eu, mirror, folder };
        // Until the server knows that somebody answers.
        while pair.ask::<CheckpointAnswer>(Service::Checkpoint, &CheckpointRequest { held: 0 }).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        pair
    }

    /// jp's log grows by what `speak` says, and jp tells.
    async fn grow(&mut self, speak: impl FnOnce(&mut Peer) -> u64) {
        let before = self.peer.entries.len();
        speak(&mut self.peer);
        for index in before..self.peer.entries.len() {
            self.log.append(self.peer.entries[index].time_ms, vec![self.peer.draft(index)]).unwrap();
        }
        let head = Head { size: self.log.size() }.encode();
        // At most once, and not while the server is away: the follower asks by itself, too.
        let _ = self.node.publish(&Subject::head_for(&id("eu")), head).await;
    }

    /// eu pulls until it is even, in pieces of `step`.
    async fn catch_up(&mut self, step: usize) -> Result<(), BusError> {
        let held = self.mirror.followed().size();
        let newest: CheckpointAnswer = self.ask(Service::Checkpoint, &CheckpointRequest { held }).await?;
        let Standing::Grown(target) = self.mirror.followed().compare(&newest, 0).unwrap() else { return Ok(()) };
        while self.mirror.followed().size() < target {
            let question = RangeRequest { from: self.mirror.followed().size(), entries: step as u32 };
            let range: Range = self.ask(Service::Range, &question).await?;
            let taken = self.mirror.take(&range).unwrap().unwrap();
            assert_eq!(taken.faults, []);
        }
        Ok(())
    }

    async fn ask<A>(&self, service: Service, question: &impl Message) -> Result<A, BusError>
    where
        Answer<A>: Message,
    {
        let subject = Subject::ask(&id("jp"), service);
        let answer = self.eu.request(&subject, question.encode(), BOUND).await?;
        match Answer::<A>::decode(&answer).unwrap() {
            Answer::Ok(answer) => Ok(answer),
            Answer::Refused(refused) => panic!("{refused}"),
        }
    }

    /// Tries until it works: the server may just be coming back.
    async fn converge(&mut self) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while let Err(error) = self.catch_up(MAX_ENTRIES).await {
            assert!(tokio::time::Instant::now() < deadline, "{error}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(self.mirror.followed().size(), self.log.size());
    }

    fn state(&self, verdict: &str) -> Option<&'static str> {
        let verdict = self.mirror.followed().register().verdict(&verdict_id(verdict))?;
        Some(verdict.now.state.name().as_str())
    }
}

fn open(folder: &TempDir, peer: &Peer) -> Mirror {
    let digest = conformity::Digest::from_bytes(*peer.entries[0].digest.as_bytes());
    Mirror::open(&folder.path().join("mirror"), peer.log_keys(), &digest, scope(), u64::MAX).unwrap()
}

/// What jp itself knows.
fn whole(peer: &Peer) -> Register {
    let both = scope().iter().cloned().chain(["other@1".parse().unwrap()]).collect();
    let mut followed = peer.follower();
    let range = peer.range(0, peer.size());
    let examined = followed.examine(&range, &both, federation::follow::Signatures::Check).unwrap();
    followed.accept(examined).unwrap();
    followed.register().clone()
}

#[tokio::test]
async fn a_log_is_followed_from_hint_to_verdict() {
    let mut pair = Pair::new().await;
    for step in [1, 3, 5] {
        let question = RangeRequest { from: pair.mirror.followed().size(), entries: step };
        let range: Range = pair.ask(Service::Range, &question).await.unwrap();
        assert_eq!(range.entries.0.len(), step as usize);
        pair.mirror.take(&range).unwrap().unwrap();
    }
    pair.catch_up(MAX_ENTRIES).await.unwrap();
    assert_eq!((pair.state("V-1"), pair.state("X-1")), (Some("granted"), None), "X-1 was not agreed on");

    let mut heads = pair.eu.subscribe(&Pattern::exactly(&Subject::head_of(&id("jp")))).await.unwrap();
    pair.catch_up(MAX_ENTRIES).await.unwrap();
    pair.grow(|peer| peer.change("V-1", "suspended")).await;
    let heard = tokio::time::timeout(PATIENCE, heads.next()).await.unwrap().unwrap();
    let Delivery::Message(hint) = heard else { panic!("{heard:?}") };
    assert_eq!(Head::decode(&hint.payload).unwrap().size, pair.log.size());
    pair.catch_up(MAX_ENTRIES).await.unwrap();
    assert_eq!(pair.state("V-1"), Some("suspended"));
    pair.jp.child.stop().await;
}

/// The server is killed and emptied while the log grows: nothing is lost, nothing comes twice.
#[tokio::test]
async fn a_killed_and_emptied_server_loses_nothing() {
    let mut pair = Pair::new().await;
    pair.catch_up(4).await.unwrap();
    for round in 0..3 {
        let Status::Running { pid, .. } = *pair.jp.child.status().borrow() else { panic!() };
        let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        let _ = std::fs::remove_file(pair.jp.setup.log());
        let change = if round % 2 == 0 { "suspended" } else { "restored" };
        pair.grow(|peer| peer.change("V-1", change)).await;
        pair.grow(|peer| peer.seal()).await;
        pair.converge().await;
        let verdict = pair.mirror.followed().register().verdict(&verdict_id("V-1")).unwrap();
        assert_eq!(verdict.history.len(), 2 + round, "one item for each change, and none twice");
    }
    // A new mirror, pulled through the same server, knows the same.
    let known = knowledge(pair.mirror.followed().register());
    std::fs::remove_file(pair.folder.path().join("mirror")).unwrap();
    pair.mirror = open(&pair.folder, &pair.peer);
    pair.converge().await;
    assert_eq!(knowledge(pair.mirror.followed().register()), known);
    pair.jp.child.stop().await;
}

#[tokio::test]
async fn a_suspension_stops_the_feed_where_it_is_and_forks_are_still_seen() {
    let mut pair = Pair::new().await;
    pair.catch_up(MAX_ENTRIES).await.unwrap();
    let held = pair.mirror.followed().size();
    pair.jp.set_peering("eu", Peering::Suspended).await;
    pair.grow(|peer| peer.change("V-1", "suspended")).await;
    assert_eq!(pair.catch_up(MAX_ENTRIES).await, Err(BusError::NobodyAnswers));
    assert_eq!((pair.mirror.followed().size(), pair.state("V-1")), (held, Some("granted")));
    let newest: CheckpointAnswer = pair.ask(Service::Checkpoint, &CheckpointRequest { held }).await.unwrap();
    assert_eq!(pair.mirror.followed().compare(&newest, held), Ok(Standing::Grown(held + 1)));

    pair.jp.set_peering("eu", Peering::InForce).await;
    pair.catch_up(MAX_ENTRIES).await.unwrap();
    assert_eq!(pair.state("V-1"), Some("suspended"));
    pair.jp.child.stop().await;
}

#[tokio::test]
async fn a_question_beyond_the_log_is_refused_and_an_empty_wish_gives_one_entry() {
    let pair = Pair::new().await;
    let log = pair.log.reader();
    let beyond = serve::range(&log, &RangeRequest { from: log.size(), entries: 5 }, u64::MAX, |_, _| true);
    assert!(matches!(beyond, Answer::Refused(refused) if refused.code == "range"));
    let beyond = serve::range(&log, &RangeRequest { from: u64::MAX, entries: u32::MAX }, u64::MAX, |_, _| true);
    assert!(matches!(beyond, Answer::Refused(_)));
    let Answer::Ok(one) = serve::range(&log, &RangeRequest { from: 0, entries: 0 }, u64::MAX, |_, _| true) else {
        panic!()
    };
    assert_eq!(one.entries.0.len(), 1);
    let Answer::Ok(hidden) = serve::range(&log, &RangeRequest { from: 0, entries: 9 }, u64::MAX, |_, _| false) else {
        panic!()
    };
    assert!(hidden.statements.iter().all(Option::is_none));
    // What was committed, but not taken note of yet, is neither shown nor withheld; what comes before it is proven in the newest head.
    let (known, all) = (log.size() - 1, u32::MAX);
    let request = RangeRequest { from: 0, entries: all };
    let Answer::Ok(short) = serve::range(&log, &request, known, |_, _| true) else { panic!() };
    assert_eq!((short.entries.0.len() as u64, short.proof.0.is_empty()), (known, false));
    let unknown = serve::range(&log, &RangeRequest { from: known, entries: all }, known, |_, _| true);
    assert!(matches!(unknown, Answer::Refused(refused) if refused.code == "range"));
    let Answer::Ok(ahead) = serve::checkpoint(&log, &CheckpointRequest { held: u64::MAX }) else { panic!() };
    assert_eq!(ahead.checkpoint, log.checkpoint().as_ref());
    pair.jp.child.stop().await;
}
