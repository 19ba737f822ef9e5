//! Power cuts at random moments of a random life, one after the other; `every.rs` has each moment of one life.

use super::*;
use crate::testing::{Fault, FragileDisk, Random};

/// Works on the log until the power goes; the model holds what was acknowledged.
fn work(log: &mut Log, model: &mut Model, random: &mut Random) -> Option<usize> {
    loop {
        if random.next(4) == 0 {
            let index = random.next(model.0.len() as u64) as usize;
            let erasable = index > 0 && model.0[index].as_ref().is_some_and(|bytes| !bytes.is_empty());
            if erasable {
                match log.erase(index as u64) {
                    Ok(()) => model.0[index] = None,
                    Err(_) => return Some(index),
                }
            }
        } else {
            let drafts = model.batch(1 + random.next(12) as usize);
            match log.append(7_000, drafts.clone()) {
                Ok(_) => model.extend(&drafts),
                Err(_) => return None,
            }
        }
    }
}

#[test]
fn what_was_acknowledged_survives_a_power_cut() {
    let mut lost = 0;
    for seed in 0..300 {
        let (mut random, dir) = (Random(seed * 7919 + 1), tempfile::tempdir().unwrap());
        let mut path = dir.path().join("journal");
        drop(log_on(&path, Bench::options(0), Arc::new(HastyDisk)).unwrap());
        let mut model = Model::new();
        for cut in 0..4 {
            let disk = Arc::new(FragileDisk::below(&path, Some((random.next(60), Fault::PowerLost))));
            let shared = Arc::clone(&disk) as Arc<dyn Disk>;
            let opened = log_on(&path, Bench::options(0), shared);
            let erasing = opened.ok().and_then(|mut log| work(&mut log, &mut model, &mut random));
            path = dir.path().join(format!("after-{cut}"));
            std::fs::create_dir(&path).unwrap();
            disk.after_power_loss(&path, random.next(1 << 30));
            let log = log_on(&path, Bench::options(0), Arc::new(HastyDisk));
            let log = log.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            // An erasure that was under way may have happened.
            if let Some(index) =
                erasing.filter(|index| log.reader().statement(*index as u64).unwrap() == Stored::Erased)
            {
                model.0[index] = None;
            }
            model.check(&log.reader());
            // A batch that was under way may be there as a whole; from now on it must stay.
            let known = model.0.len() as u64;
            lost += u64::from(log.size() == known);
            for index in known..log.size() {
                model.0.push(match log.reader().statement(index).unwrap() {
                    Stored::Bytes(bytes) => Some(bytes),
                    Stored::None => Some(Bytes::new()),
                    Stored::Erased => None,
                });
            }
        }
    }
    assert!((100..1100).contains(&lost), "cuts hit both before and after a batch was durable: {lost} of 1200");
}
