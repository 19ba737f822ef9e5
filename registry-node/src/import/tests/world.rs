//! A register in memory, an operator who submits what an import plans, and the files of others.

use std::sync::Arc;

use conformity::genesis::{Formats, Genesis, GenesisOperator, GenesisRecord};
use conformity::key::Jwk;
use conformity::party::{Party, PartyRecord, Role};
use conformity::statement::{Claim, Statement};
use conformity::time::{Day, Moment};
use conformity::verdict::{Acceptance, VerdictList, VerdictRecord};
use conformity::{Digest, Facts, Place, Record, Refusal, Register, decide};
use jiff::Timestamp;

use crate::import::{Mapping, Occasion, Plan, Planned, register};

/// The day of every import here.
pub(super) const TODAY: &str = "2026-11-23";

pub(super) struct World {
    pub(super) register: Register,
    next: u64,
    at: Timestamp,
}

impl World {
    pub(super) fn new() -> Self {
        let at: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let mut world = Self { register: Register::new(), next: 1, at };
        let moment = Moment { index: 0, at: "2000-01-01T00:00:00Z".parse().unwrap() };
        let genesis = Arc::new(genesis());
        world.register.insert(Record::Genesis(Arc::new(GenesisRecord {
            genesis,
            digest: Digest::of(b""),
            moment,
            log_keys: Vec::new(),
            ca_roots: Vec::new(),
            persons: Vec::new(),
            approvals: Vec::new(),
            moves: Vec::new(),
            hosting: Vec::new(),
            closed: None,
            accepted: Vec::new(),
        })));
        for (id, role) in [("op", Role::Operator), ("node", Role::Node), ("body", Role::CertificationBody)] {
            let party = Party {
                id: id.parse().unwrap(),
                role,
                name: id.parse().unwrap(),
                country: None,
                identifiers: Vec::new(),
                sectors: Vec::new(),
                declares: false,
                person: false,
            };
            world.register.insert(Record::Party(Arc::new(PartyRecord::new(party, Vec::new(), moment))));
        }
        world
    }

    /// Says `claim` through the wire form, as intake would read it.
    pub(super) fn say(&mut self, iss: &str, jti: &str, claim: Claim) -> Result<(), Refusal> {
        let statement = Statement {
            iss: iss.parse().unwrap(),
            aud: "op.registry.example".parse().unwrap(),
            jti: jti.parse().unwrap(),
            iat: self.at.as_second(),
            claim,
        };
        let payload = serde_json::to_vec(&statement).unwrap();
        let read = Statement::parse(&payload).expect("every planned statement is well-formed");
        assert_eq!(read, statement, "the wire form keeps every word");
        let place = Place {
            index: self.next,
            at: self.at,
            kid: conformity::key::KeyId::from_bytes([0; 32]),
            digest: Digest::of(&payload),
            attachment: None,
        };
        for record in decide(&self.register, &statement, &place)? {
            self.register.insert(record);
        }
        self.next += 1;
        Ok(())
    }

    pub(super) fn submit(&mut self, planned: &[Planned]) {
        for planned in planned {
            let claim = planned.claim.clone();
            self.say("op", planned.jti.as_str(), claim)
                .unwrap_or_else(|refusal| panic!("{:?} {:?}: {refusal}", planned.row, planned.claim.kind()));
        }
    }

    /// Plans, checks the account, submits; then does the same again and expects nothing.
    pub(super) fn import(&mut self, file: &[u8], mapping: &Mapping, occasion: &Occasion) -> Plan {
        let plan = register(file, mapping, occasion, &self.register).unwrap();
        check_account(&plan);
        self.submit(&plan.claims);
        let later = Occasion { retrieved: day(TODAY), ..occasion.clone() };
        for again in [occasion, &later] {
            let second = register(file, mapping, again, &self.register).unwrap();
            check_account(&second);
            assert!(second.claims.is_empty(), "a second import plans {:?}", second.claims.first());
            assert_eq!(second.accounts.counts().evidence, plan.accounts.counts().evidence);
        }
        plan
    }

    pub(super) fn verdict(&self, id: &str) -> Arc<VerdictRecord> {
        self.register.verdict(&id.parse().unwrap()).unwrap_or_else(|| panic!("no verdict {id}"))
    }

    /// The node notices that verdicts are past their last day.
    pub(super) fn expire(&mut self, id: &str) {
        let verdicts = VerdictList { verdicts: vec![id.parse().unwrap()] };
        let jti = format!("expired-{}", self.next);
        self.say("node", &jti, Claim::VerdictExpired(verdicts)).unwrap();
    }
}

fn genesis() -> Genesis {
    let key = |byte| Jwk::Ed25519 { x: [byte; 32] };
    Genesis {
        origin: "op.registry.example".parse().unwrap(),
        registry: "jp".parse().unwrap(),
        name: "Test".parse().unwrap(),
        country: None,
        log_key: "key".parse().unwrap(),
        witness_key: "key".parse().unwrap(),
        node_key: key(1),
        map_key: key(3),
        ca_roots: Vec::new(),
        did_web: "did:web:op.registry.example".parse().unwrap(),
        formats: Formats::CURRENT,
        operator: GenesisOperator { id: "op".parse().unwrap(), name: "op".parse().unwrap(), keys: vec![key(2)] },
        persons: conformity::persons::Persons::One,
    }
}

/// Every row has exactly one account, and the counts are their sum.
pub(super) fn check_account(plan: &Plan) {
    let counts = plan.accounts.counts();
    let places: std::collections::BTreeSet<_> = plan.accounts.iter().map(|account| &account.place).collect();
    assert_eq!(places.len(), counts.rows, "each row has one account");
    let sum = counts.verdicts + counts.history + counts.evidence + counts.suppliers + counts.refused;
    assert_eq!(sum, counts.rows);
    assert_eq!(counts.new + counts.changed + counts.unchanged, counts.verdicts);
    assert_eq!(plan.accounts.report().count(), counts.refused);
}

pub(super) fn day(text: &str) -> Day {
    text.parse().unwrap()
}

pub(super) fn fetched(retrieved: &str) -> Occasion {
    Occasion { source: None, retrieved: day(retrieved), today: day(TODAY), status: None }
}

/// A file that others published, or nothing where it is not at hand and not required.
pub(super) fn published(path: &str) -> Option<Vec<u8>> {
    test_data::vectors(path).map(|file| std::fs::read(file).unwrap())
}

/// How often each reason occurs, by its code.
pub(super) fn reasons(plan: &Plan) -> Vec<(&'static str, usize)> {
    let mut counts = std::collections::BTreeMap::new();
    for (_, reason) in plan.accounts.refusals() {
        *counts.entry(reason.code()).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}

/// A list of our own with every kind of column.
pub(super) const SAMPLE: &str = r#"
[list]
id = "sample"
title = "Sample list"
source = "https://list.example/"

[input]
format = "csv"
days = ["%Y-%m-%d"]

[[document]]
document = "rules@1"
title = "Rules"
owner = "Owner"
kind = "requirements"

[scheme]
scheme = "sample@1"
title = "Sample"
owner = "Owner"
fictional = true
documents = ["rules@1"]
viewpoints = ["people-and-things", "organization"]
objects = ["product"]
evaluation = "third-party"
levels = [{ code = "1", name = "One" }, { code = "2", name = "Two", atLeast = ["1"] }]

[verdicts]
identity = ["id"]
object = "product"
name = "name"
version = "version"
viewpoints = ["people-and-things"]
scope = [{ label = "covers", value = "scope" }]
valid-from = "from"
valid-until = "until"
archived = "archived"
issued-by = "body"
status = { from = "status", map = { ok = "valid", resting = "suspended", old = "historical", gone = "withdrawn", open = "not-a-verdict" } }
level-required = true
level = [{ value = "level" }, { value = "profile", starts = { P = "1" } }]
maintenance = { day = "maintained", scope = [{ value = "build" }] }

[verdicts.supplier]
name = "holder"
country = "country"
identifiers = [{ kind = "uei", value = "uei" }, { kind = "local", value = "number" }]
"#;

const HEADING: &str =
    "id,name,version,scope,from,until,archived,body,status,level,profile,maintained,build,holder,country,uei,number";

/// A sound row of [`SAMPLE`] with some columns set otherwise.
pub(super) fn row(columns: &[(&str, &str)]) -> String {
    let sound = [
        ("id", "A-1"),
        ("name", "Thing"),
        ("from", "2020-01-01"),
        ("until", "2030-01-01"),
        ("body", "B"),
        ("status", "ok"),
        ("level", "1"),
        ("holder", "Holder"),
    ];
    let value = |column: &str| {
        let set = columns.iter().chain(&sound).find(|(name, _)| *name == column);
        set.map_or(String::new(), |(_, value)| format!("\"{}\"", value.replace('"', "\"\"")))
    };
    HEADING.split(',').map(value).collect::<Vec<_>>().join(",")
}

pub(super) fn list(rows: &[String]) -> Vec<u8> {
    format!("{HEADING}\n{}\n", rows.join("\n")).into_bytes()
}

pub(super) fn sample() -> Mapping {
    Mapping::parse(SAMPLE).unwrap()
}

/// What a plan says of acceptances as evidence.
pub(super) fn acceptances(plan: &Plan) -> Vec<&Acceptance> {
    let told = plan.claims.iter().filter_map(|planned| match &planned.claim {
        Claim::EvidenceAccepted(acceptance) => Some(&**acceptance),
        _ => None,
    });
    told.collect()
}

/// What a plan would say, in words.
pub(super) fn words(plan: &Plan) -> Vec<String> {
    let word = |planned: &Planned| match &planned.claim {
        Claim::VerdictChanged(claim) => claim.change.as_str().to_owned(),
        Claim::VerdictGranted(terms) => format!("granted {}", terms.verdict),
        other => other.kind().to_string(),
    };
    plan.claims.iter().map(word).collect()
}
