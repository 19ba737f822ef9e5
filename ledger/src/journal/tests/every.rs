//! Every operation of a journal's life × every way in which it can go wrong: what must hold while the program goes on, after
//! a restart of it, and after a loss of power at each of these moments.

use super::super::{AppendError, EraseError};
use super::*;
use crate::log;
use crate::testing::{Fault, FragileDisk, losses};
use std::fs;

/// What a registry does to its journal.
#[derive(Debug, Clone, Copy)]
enum Step {
    Append(usize),
    Erase(u64),
    /// The program ends and starts again.
    Restart,
}

/// Fills and rolls segments, erases from a closed one and from the active one, starts again, goes on.
const LIFE: [Step; 13] = [
    Step::Append(1),
    Step::Append(3),
    Step::Append(25),
    Step::Erase(2),
    Step::Append(30),
    Step::Erase(57),
    Step::Append(1),
    Step::Restart,
    Step::Append(2),
    Step::Erase(4),
    Step::Append(40),
    Step::Restart,
    Step::Append(1),
];

/// A log in its folder, what it must hold, and what of it nobody knows.
struct Life {
    dir: TempDir,
    disk: Arc<FragileDisk>,
    log: Option<Log>,
    model: Model,
    /// A batch of which the caller was told that nobody knows.
    doubtful: Vec<Draft>,
    /// Erasures that were not acknowledged.
    perhaps_erased: Vec<usize>,
    poisoned: bool,
}

impl Life {
    fn new(plan: Option<(u64, Fault)>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        drop(log_on(&path, Bench::options(0), Arc::new(HastyDisk)).unwrap());
        let disk = Arc::new(FragileDisk::below(&path, plan));
        let (model, doubtful) = (Model::new(), Vec::new());
        let mut life = Self { dir, disk, log: None, model, doubtful, perhaps_erased: Vec::new(), poisoned: false };
        life.open();
        life
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("journal")
    }

    /// Opens it, if that goes: otherwise the program has ended with an error.
    fn open(&mut self) {
        self.log = None;
        self.log = log_on(&self.path(), Bench::options(0), Arc::clone(&self.disk) as Arc<dyn Disk>).ok();
    }

    fn live(&mut self) {
        for step in LIFE {
            if self.log.is_none() {
                return;
            }
            match step {
                Step::Append(count) => self.append(count),
                Step::Erase(index) => self.erase(index),
                Step::Restart if self.poisoned => return,
                Step::Restart => {
                    self.open();
                    self.model = self.log.as_ref().map_or_else(|| self.model.clone(), |log| self.holds(&log.reader()));
                }
            }
            self.while_it_goes_on();
        }
    }

    fn append(&mut self, count: usize) {
        let drafts = self.model.batch(count);
        let outcome = self.log.as_mut().unwrap().append(5_000, drafts.clone());
        match outcome {
            Ok(_) => {
                assert!(!self.poisoned, "nothing is acknowledged any more");
                self.model.extend(&drafts);
            }
            Err(log::AppendError::Journal(AppendError::NotDurable { .. })) => assert!(!self.poisoned),
            Err(log::AppendError::Journal(AppendError::Poisoned { .. })) => {
                if !self.poisoned {
                    self.doubtful = drafts;
                }
                self.poisoned = true;
            }
            Err(other) => panic!("{other}"),
        }
    }

    fn erase(&mut self, index: u64) {
        let index = index.min(self.model.0.len() as u64 - 1) as usize;
        if index == 0 || self.model.0[index].as_ref().is_none_or(Bytes::is_empty) {
            return;
        }
        match self.log.as_mut().unwrap().erase(index as u64) {
            Ok(()) => {
                assert!(!self.poisoned, "nothing is acknowledged any more");
                self.model.0[index] = None;
            }
            Err(EraseError::NotDurable { .. }) => self.perhaps_erased.push(index),
            Err(EraseError::Poisoned { .. }) => {
                self.perhaps_erased.push(index);
                self.poisoned = true;
            }
            Err(other) => panic!("{other}"),
        }
    }

    /// Readers see what was acknowledged, and nothing else.
    fn while_it_goes_on(&self) {
        let Some(log) = &self.log else { return };
        let reader = log.reader();
        assert_eq!(reader.size(), self.model.0.len() as u64);
        self.model.check_statements(&reader);
    }

    /// What was acknowledged is there; what was not is there as a whole or not at all.
    fn holds(&self, log: &LogReader) -> Model {
        let (mut model, known) = (self.model.clone(), self.model.0.len() as u64);
        for index in &self.perhaps_erased {
            if log.statement(*index as u64).unwrap() == Stored::Erased {
                model.0[*index] = None;
            }
        }
        if log.size() != known {
            assert_eq!(log.size(), known + self.doubtful.len() as u64, "a part of a batch");
            model.extend(&self.doubtful);
        }
        model.check_statements(log);
        model
    }

    /// After a loss of power at this moment, in each way.
    fn holds_without_power(&self, when: &str, losses: &[u64]) {
        for seed in losses.iter().copied() {
            let folder = self.dir.path().join(format!("{when}-{seed}"));
            fs::create_dir(&folder).unwrap();
            self.disk.after_power_loss(&folder, seed);
            let mut log = log_on(&folder, Bench::options(0), Arc::new(HastyDisk))
                .unwrap_or_else(|error| panic!("{when}, loss {seed}: {error}"));
            let mut model = self.holds(&log.reader());
            let more = model.batch(2);
            log.append(6_000, more.clone()).unwrap();
            model.extend(&more);
            model.check_statements(&log.reader());
        }
    }

    /// The program starts again on a machine that stayed up: what a failed sync forgot is still seen, and must not be believed.
    fn starts_again(&mut self) {
        self.disk.heal();
        self.open();
        let log = self.log.as_mut().expect("it opens once the disk works");
        let reader = log.reader();
        let mut model = self.holds(&reader);
        let log = self.log.as_mut().unwrap();
        let more = model.batch(3);
        log.append(6_000, more.clone()).unwrap();
        model.extend(&more);
        model.check(&log.reader());
        self.model = model;
        self.doubtful.clear();
        self.perhaps_erased.clear();
    }
}

fn operations() -> u64 {
    let mut life = Life::new(None);
    life.live();
    assert!(segments(&life.path()).len() > 4, "it rolls");
    assert!(!life.poisoned && life.model.0.len() == 104 && life.perhaps_erased.is_empty());
    life.disk.operations()
}

#[test]
fn every_operation_of_a_journal_may_go_wrong() {
    let (operations, mut poisoned) = (operations(), 0);
    for number in 0..operations {
        for fault in Fault::ALL {
            let outcome = std::panic::catch_unwind(|| {
                let mut life = Life::new(Some((number, fault)));
                life.live();
                life.log = None;
                life.holds_without_power("at once", &losses(number));
                let poisoned = life.poisoned;
                if fault != Fault::PowerLost {
                    life.starts_again();
                    life.holds_without_power("after a restart", &losses(number)[..1]);
                }
                poisoned
            });
            poisoned += u64::from(outcome.unwrap_or_else(|_| panic!("operation {number} of {operations}: {fault:?}")));
        }
    }
    assert!(poisoned > operations, "failed syncs among them");
}
