//! All bridges are one: the same shape, the same contract.

use bridges::{Network, Unanswerable, bridge};
use procurement::Advice;

use crate::common::answer;

const ORDER: &str = "UNB+UNOC:3+a+b+261127:2300+R'UNH+1+ORDERS:D:96A:UN'UNT+2+1'UNZ+1+R'";
const LIST: &str = "identifier\nlei:5493001KJTIIGC8Y1R12\n";

#[test]
fn each_network_has_its_bridge() {
    for network in Network::ALL {
        assert_eq!(bridge(network).network(), network);
    }
}

#[test]
fn no_bridge_reads_or_answers_what_is_anothers() {
    for network in Network::ALL {
        for (input, owner) in [(ORDER, Network::Edifact), (LIST, Network::List)] {
            assert_eq!(bridge(network).read(input.as_bytes()).is_ok(), network == owner, "{network:?}");
            let document = bridge(owner).read(input.as_bytes()).unwrap().documents.remove(0);
            let found = bridge(network).answer(&document, &answer(&document, Advice::Go));
            assert_eq!(found == Err(Unanswerable::OtherNetwork), network != owner, "{network:?}");
        }
    }
}

#[test]
fn the_same_answer_is_the_same_bytes() {
    let document = bridge(Network::Edifact).read(ORDER.as_bytes()).unwrap().documents.remove(0);
    let said = answer(&document, Advice::Stop);
    let write = || bridge(Network::Edifact).answer(&document, &said).unwrap();
    assert_eq!(write(), write());
}
