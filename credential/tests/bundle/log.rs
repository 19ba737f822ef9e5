//! A log made by hand, so that it can also be made wrongly: `jp`, with a body, its accreditation, and verdict V-1.

mod bundles;
mod suppliers;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use conformity::arrangement::Arrangement;
use conformity::basis::{of_recognition, of_verdict};
use conformity::decide::{Place, decide};
use conformity::ids::VerdictRef;
use conformity::key::KeyId;
use conformity::map_label::{self, Filed, MapLabel, Posted};
use conformity::records::{Facts, Record, Register};
use credential::bundle::{Bundle, Earlier, FORMAT, Item, KeyHistory, Policy, Question};
use credential::statement::read_unverified;
use jiff::Timestamp;
use ledger::checkpoint::{Checkpoint, Purpose};
use ledger::digest::Digest;
use ledger::encoding::{base64_encode, base64url_encode};
use ledger::entry::{Entry, Kind};
use ledger::jws;
use ledger::key::{Algorithm, SigningKey};
use ledger::log_keys::Handover;
use ledger::map::{Beside, Latest, MapKey, MapProof, Slot, Trees};
use ledger::merkle::Tree;
use ledger::note::{Cosigner, NoteSigner, SignedNote};
use ledger::vrf::VrfKey;
use serde_json::{Value, json};

pub(crate) const ORIGIN: &str = "jp.registry.test";
const START_MS: u64 = 1_800_000_000_000;
const SECOND_MS: u64 = 1_000;

/// A log with the keys of everyone who speaks in it.
#[derive(Clone)]
pub(crate) struct Log {
    keys: Arc<HashMap<String, SigningKey>>,
    log_key: Arc<NoteSigner>,
    /// Keys that signed before, each with the place of the change by which it gave way.
    former: Vec<(u64, Arc<NoteSigner>)>,
    witnesses: Arc<[Cosigner; 3]>,
    pub(crate) register: Register,
    tree: Tree,
    pub(crate) entries: Vec<Entry>,
    statements: Vec<Option<String>>,
    attachments: HashMap<u64, String>,
    map_key: Arc<VrfKey>,
    map: Trees,
    /// Labels that the registry keeps out of its map.
    pub(crate) hidden: Vec<String>,
    pub(crate) now_ms: u64,
}

impl Log {
    /// A log that has begun and nothing else.
    pub(crate) fn begun() -> Self {
        Self::of("jp", |_| ())
    }

    /// The log of a registry, with a changed genesis.
    pub(crate) fn of(registry: &str, change: impl FnOnce(&mut Value)) -> Self {
        let origin = format!("{registry}.registry.test");
        let log_key = NoteSigner::new(&origin, ed25519()).unwrap();
        let map_key = VrfKey::from_seed(&[7; 32]).unwrap();
        let names = ["node", "op", "ministry", "ab", "cb-1", "cb-2", "stranger"];
        let keys: HashMap<_, _> = names.into_iter().map(|name| (name.to_owned(), ed25519())).collect();
        let witnesses = ["one", "two", "three"].map(|name| Cosigner::new(&format!("{name}.test"), ed25519()).unwrap());
        let mut genesis = json!({
            "origin": origin, "registry": registry, "name": format!("Registry {registry}"), "country": "JP",
            "logKey": log_key.verifier().to_string(), "nodeKey": jwk(&keys["node"]),
            "mapKey": map_jwk(&map_key),
            "witnessKey": Cosigner::new(&origin, ed25519()).unwrap().verifier().to_string(),
            "caRoots": [STANDARD.encode([48, 0])], "didWeb": format!("did:web:{origin}"),
            "formats": {"entry": 1, "statement": 1},
            "operator": {"id": "op", "name": "Operator", "keys": [jwk(&keys["op"])]},
        });
        change(&mut genesis);
        let mut log = Self {
            keys: Arc::new(keys),
            log_key: Arc::new(log_key),
            former: Vec::new(),
            witnesses: Arc::new(witnesses),
            register: Register::new(),
            tree: Tree::new(),
            entries: Vec::new(),
            statements: Vec::new(),
            attachments: HashMap::new(),
            map_key: Arc::new(map_key),
            map: Trees::default(),
            hidden: Vec::new(),
            now_ms: START_MS,
        };
        log.say("node", "genesis", genesis);
        log
    }

    /// A registry at work: V-1 was granted and is sealed.
    pub(crate) fn at_work() -> Self {
        Self::at_work_with(verdict("V-1"))
    }

    /// A registry at work: the verdict was granted and is sealed.
    pub(crate) fn at_work_with(claim: Value) -> Self {
        Self::begun().put_to_work(claim)
    }

    /// A log that has begun becomes a registry at work.
    pub(crate) fn put_to_work(self, claim: Value) -> Self {
        let mut log = self;
        for (id, role) in [
            ("ministry", "authority"),
            ("ab", "accreditation-body"),
            ("cb-1", "certification-body"),
            ("cb-2", "certification-body"),
        ] {
            let party = json!({"id": id, "role": role, "name": format!("The {role}"), "country": "JP"});
            log.say("op", "party-registered", json!({"party": party, "keys": [jwk(&log.keys[id])]}));
        }
        let document =
            json!({"document": "sp800-171@r3", "title": "SP 800-171", "owner": "NIST", "kind": "requirements"});
        log.say("op", "document-published", document);
        log.say("ministry", "scheme-published", scheme());
        let designation = json!({"id": "D-1", "accreditationBody": "ab", "schemes": ["stars"], "from": "2026-01-01"});
        log.say("ministry", "designation-made", designation);
        log.say("ab", "accreditation-granted", accreditation("C-1", "cb-1"));
        log.say("cb-1", "verdict-granted", claim);
        log.seal();
        log
    }

    /// Somebody states something that the rules allow.
    pub(crate) fn say(&mut self, iss: &str, kind: &str, claim: Value) -> u64 {
        let compact = self.signed(iss, iss, kind, claim);
        self.take(compact, None)
    }

    /// The key of `cb-1` turns out to be in other hands since then.
    pub(crate) fn stolen(&mut self, since: Timestamp) -> u64 {
        let kid = self.key("cb-1").public_key().thumbprint().to_string();
        self.say("op", "key-revoked", json!({"party": "cb-1", "kid": kid, "compromisedSince": since.to_string()}))
    }

    /// Takes a statement that the rules allow.
    pub(crate) fn take(&mut self, compact: String, attachment: Option<String>) -> u64 {
        let unverified = jws::Unverified::parse(Bytes::from(compact.clone())).unwrap();
        let statement = read_unverified(&unverified).unwrap();
        let (index, at) = (self.tree.len(), self.now());
        let digest = conformity::Digest::from_bytes(*unverified.digest().as_bytes());
        let list = attachment.as_ref().map(String::as_bytes);
        let kid = KeyId::from_bytes(*unverified.kid().as_bytes());
        let records = decide(&self.register, &statement, &Place { index, at, kid, digest, attachment: list });
        records
            .unwrap_or_else(|refusal| panic!("{refusal}: {statement:?}"))
            .into_iter()
            .for_each(|record| self.register.insert(record));
        if let Some(list) = attachment {
            self.attachments.insert(index, list);
        }
        let kind = match statement.kind().as_str() {
            "genesis" => Kind::Genesis,
            "recognition-derived" => Kind::Recognition,
            _ => Kind::Statement,
        };
        self.put(kind, Some(compact))
    }

    /// The key for checkpoints of that size.
    fn signer(&self, size: u64) -> &NoteSigner {
        let former = self.former.iter().find(|(index, _)| size <= index + 1);
        former.map_or(&self.log_key, |(_, former)| former)
    }

    /// What one key and the next sign.
    pub(crate) fn handover(&self, by_old: &NoteSigner, next: &NoteSigner) -> Value {
        let handover = Handover { from: self.log_key.verifier(), to: next.verifier(), size: self.tree.len() };
        json!({
            "from": handover.from.to_string(), "to": handover.to.to_string(), "size": handover.size,
            "signatures": {"from": handover.sign(by_old).unwrap(), "to": handover.sign(next).unwrap()},
        })
    }

    /// Another key takes over; gives the place of the change.
    pub(crate) fn rotate(&mut self) -> u64 {
        let next = self.another_key();
        let index = self.say("op", "log-key-changed", self.handover(&self.log_key, &next));
        self.former.push((index, std::mem::replace(&mut self.log_key, Arc::new(next))));
        index
    }

    /// A change that somebody states who may not.
    pub(crate) fn rotate_as(&mut self, iss: &str, next: NoteSigner) -> u64 {
        let spoken = self.signed(iss, iss, "log-key-changed", self.handover(&self.log_key, &next));
        let index = self.put(Kind::Statement, Some(spoken));
        self.former.push((index, std::mem::replace(&mut self.log_key, Arc::new(next))));
        index
    }

    /// A key that is nobody's yet.
    pub(crate) fn another_key(&self) -> NoteSigner {
        NoteSigner::new(self.log_key.verifier().name(), ed25519()).unwrap()
    }

    /// The key before the newest.
    pub(crate) fn former_key(&self) -> &NoteSigner {
        &self.former.last().unwrap().1
    }

    /// The newest checkpoint, signed by whoever has this key.
    pub(crate) fn checkpoint_by(&self, signer: &NoteSigner) -> String {
        let (origin, purpose) = (signer.verifier().name().to_owned(), Purpose::Publication);
        let note = Checkpoint { origin, size: self.tree.len(), root: self.tree.root(), purpose }.sign(signer).unwrap();
        [0, 1].map(|place| self.cosignature(&note, place)).into_iter().fold(note.clone(), |note, line| note + &line)
    }

    /// With which keys the log signed, by these statements.
    pub(crate) fn key_history(&self, indexes: &[u64]) -> KeyHistory {
        let Bundle { statements, checkpoint, .. } = self.bundle_of("jp:V-1", indexes);
        KeyHistory { statements, checkpoint, proof: self.tree.multi_proof(indexes, self.tree.len()).unwrap() }
    }

    /// How a peer pins this log.
    pub(crate) fn pinned(&self) -> Value {
        let genesis = self.statements[0].clone().unwrap();
        json!({
            "registry": self.register.genesis().unwrap().genesis.registry, "origin": self.log_key.verifier().name(),
            "genesisDigest": Digest::of(genesis.as_bytes()).to_string(), "genesis": genesis,
        })
    }

    /// The verdict changes.
    pub(crate) fn change(&mut self, change: &str) -> u64 {
        let claim = json!({
            "verdict": "V-1", "change": change, "reason": {"code": "as-agreed"}, "effective": self.now().to_string(),
        });
        self.say("cb-1", "verdict-changed", claim)
    }

    /// The node makes of eu:E-1 what it made of it before, and more.
    pub(crate) fn recognise(&mut self, more: Value) -> u64 {
        let mut row = json!({
            "verdict": "eu:E-1", "supplier": {"id": "lei:5493001KJTIIGC8Y1R12", "name": "Exemple SA", "country": "FR"},
            "scheme": "eucc@1", "object": {"kind": "product", "name": "A card"}, "viewpoints": ["people-and-things"],
            "state": "granted", "outcome": "recognised", "explanation": "recognised under rule R-1 of A-1",
        });
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let list = format!("{row}\n");
        let digest = conformity::Digest::of(list.as_bytes()).to_string();
        let from = self.register.peer(&"eu".parse().unwrap()).unwrap().followed;
        let claim = json!({
            "origin": "eu.registry.test", "registry": "eu", "from": from, "to": from + 9, "checkpoint": "a signed note",
            "cause": "range", "results": {"digest": digest, "count": 1},
        });
        let compact = self.signed("node", "node", "recognition-derived", claim);
        self.take(compact, Some(list))
    }

    /// The ministry signs an arrangement.
    pub(crate) fn sign_arrangement(&mut self, terms: Value) -> u64 {
        let terms: Arrangement = serde_json::from_value(terms).unwrap();
        let digest = terms.digest().unwrap();
        self.say("ministry", "arrangement-signed", json!({"terms": terms, "digest": digest}))
    }

    /// A seal, a day later.
    pub(crate) fn seal(&mut self) -> u64 {
        self.now_ms += 86_400 * SECOND_MS;
        let own = self.register.verdicts_after(None).cloned().map(Record::Verdict);
        let filed = own.chain(self.register.recognitions_after(None).cloned().map(Record::Recognition));
        let filed = filed.filter_map(|record| Filed::of(&record));
        let labels: BTreeSet<MapLabel> =
            filed.flat_map(|filed| filed.suppliers.into_iter().chain([filed.verdict])).collect();
        let mut trees = Trees::default();
        for label in labels.union(&self.public_labels()).filter(|label| !self.hidden.contains(&label.to_string())) {
            let (text, latest) = (label.to_string(), self.latest(label));
            let tree = match label.tree() {
                map_label::Tree::Blinded => &mut trees.blinded,
                map_label::Tree::Verdicts => &mut trees.verdicts,
                map_label::Tree::Public => &mut trees.public,
            };
            let slot = match label.tree() {
                map_label::Tree::Blinded => self.map_key.evaluate(text.as_bytes()).unwrap().into(),
                map_label::Tree::Verdicts | map_label::Tree::Public => Slot::plain(&text),
            };
            *tree = tree.with([(slot, latest)]);
        }
        self.map = trees;
        self.put(Kind::Seal, None)
    }

    /// A seal with the map as it was before.
    pub(crate) fn seal_as_before(&mut self) -> u64 {
        self.put(Kind::Seal, None)
    }

    fn latest(&self, label: &MapLabel) -> Latest {
        let entries = label.entries(&self.register).into_iter();
        Latest::of(entries.map(|index| (index, self.entries[index as usize].leaf_hash()))).unwrap()
    }

    fn public_labels(&self) -> BTreeSet<MapLabel> {
        let register = &self.register;
        let records = register.parties().cloned().map(Record::Party);
        let records = records.chain(register.all_accreditations().cloned().map(Record::Accreditation));
        let records = records.chain(register.all_designations().cloned().map(Record::Designation));
        let records = records.chain(register.arrangements().into_iter().map(Record::Arrangement));
        let records = records.chain(register.peers().into_iter().map(Record::Peer));
        let records = records.chain(register.genesis().into_iter().map(Record::Genesis));
        records.filter_map(|record| Posted::of(&record)).flat_map(|posted| posted.labels).collect()
    }

    /// Puts an entry into the log, whatever the rules say.
    pub(crate) fn put(&mut self, kind: Kind, statement: Option<String>) -> u64 {
        let root = Digest::from_bytes(*self.map.root().as_bytes());
        let digest = statement.as_ref().map_or(root, |compact| Digest::of(compact.as_bytes()));
        let entry = Entry { kind, time_ms: self.now_ms, digest };
        self.tree.push(entry.leaf_hash());
        self.entries.push(entry);
        self.statements.push(statement);
        self.now_ms += SECOND_MS;
        self.tree.len() - 1
    }

    /// A statement of `iss`, signed with the key of `signer`.
    pub(crate) fn signed(&self, signer: &str, iss: &str, kind: &str, claim: Value) -> String {
        let payload = json!({
            "iss": iss, "aud": self.log_key.verifier().name(), "jti": format!("s-{}", self.tree.len()), "iat": self.now_ms / SECOND_MS,
            "kind": kind, "claim": claim,
        });
        let signed = jws::sign(&self.keys[signer], payload.to_string().as_bytes()).unwrap();
        String::from_utf8(signed.compact().to_vec()).unwrap()
    }

    /// A grant by `iss` of this log, signed with its key in `of`, but for this log.
    pub(crate) fn signed_as(&self, of: &Self, iss: &str, claim: Value) -> String {
        let keys = Arc::clone(&of.keys);
        Self { keys, ..self.clone() }.signed(iss, iss, "verdict-granted", claim)
    }

    /// A grant whose header names the right key, and whose signature is that of another statement.
    pub(crate) fn forged(&self) -> String {
        let honest = self.signed("cb-1", "cb-1", "verdict-granted", verdict("V-1"));
        let other = self.signed("cb-1", "cb-1", "verdict-granted", verdict("V-2"));
        let (signed, _) = honest.rsplit_once('.').unwrap();
        format!("{signed}.{}", other.rsplit_once('.').unwrap().1)
    }

    /// A change that nobody decided on: at whatever time it is.
    pub(crate) fn change_unchecked(&mut self, change: &str) -> u64 {
        let effective = self.now().to_string();
        let claim = json!({"verdict": "V-1", "change": change, "reason": {"code": "x"}, "effective": effective});
        let compact = self.signed("cb-1", "cb-1", "verdict-changed", claim);
        self.put(Kind::Statement, Some(compact))
    }

    pub(crate) fn log_key_text(&self) -> String {
        self.log_key.verifier().to_string()
    }

    pub(crate) fn key(&self, of: &str) -> &SigningKey {
        &self.keys[of]
    }

    pub(crate) fn now(&self) -> Timestamp {
        instant(self.now_ms)
    }

    /// When an entry was sequenced.
    pub(crate) fn at(&self, index: u64) -> Timestamp {
        instant(self.entries[index as usize].time_ms)
    }

    /// The signed checkpoint, cosigned by these witnesses.
    pub(crate) fn checkpoint(&self, by: &[usize]) -> String {
        self.checkpoint_for(Purpose::Publication, by)
    }

    /// The same, signed for this purpose.
    pub(crate) fn checkpoint_for(&self, purpose: Purpose, by: &[usize]) -> String {
        let origin = self.log_key.verifier().name().to_owned();
        let checkpoint = Checkpoint { origin, size: self.tree.len(), root: self.tree.root(), purpose };
        let mut note = self.signer(checkpoint.size).sign(&checkpoint.to_string()).unwrap();
        by.iter().for_each(|place| note.push_str(&self.cosignature(&note, *place)));
        note
    }

    /// A cosignature line under `note`.
    pub(crate) fn cosignature(&self, note: &str, by: usize) -> String {
        let text = SignedNote::parse(note).unwrap().claimed_text().to_owned();
        self.witnesses[by].cosign(&text, START_MS / SECOND_MS).unwrap()
    }

    /// A policy that asks for two of three witnesses.
    pub(crate) fn policy(&self) -> Policy {
        Policy::parse(&self.policy_text("")).unwrap()
    }

    /// The same with more said of the registry.
    pub(crate) fn policy_text(&self, more: &str) -> String {
        self.policy_of(&self.log_key_text(), more)
    }

    /// The same for whoever knows the log by another of its keys.
    pub(crate) fn policy_of(&self, log_key: &str, more: &str) -> String {
        let witnesses = self.witnesses.iter().map(|witness| {
            let key = witness.verifier();
            format!("[[witness]]\nname = \"{}\"\nkey = \"{key}\"\n", key.name())
        });
        format!("quorum = 2\n\n[[registry]]\nlog_key = \"{log_key}\"\n{more}\n{}", witnesses.collect::<String>())
    }
}

/// How the verdict stands at the checkpoint.
pub(crate) fn at_the_checkpoint(log: &Log) -> Question {
    Question { at: None, now: log.now() }
}

fn instant(ms: u64) -> Timestamp {
    Timestamp::from_millisecond(ms.try_into().unwrap()).unwrap()
}

fn map_jwk(key: &VrfKey) -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": base64url_encode(key.public_key().as_bytes())})
}

fn ed25519() -> SigningKey {
    SigningKey::generate(Algorithm::Ed25519).unwrap()
}

pub(crate) fn jwk(key: &SigningKey) -> Value {
    serde_json::from_str(&key.public_key().to_jwk()).unwrap()
}

fn scheme() -> Value {
    json!({
        "scheme": "stars@1", "title": "Stars", "owner": "Ministry", "fictional": true, "documents": ["sp800-171@r3"],
        "viewpoints": ["organization"], "objects": ["organization"], "evaluation": "third-party",
        "levels": [{"code": "3", "name": "three stars"}], "validityMonths": 36,
    })
}

pub(crate) fn accreditation(id: &str, body: &str) -> Value {
    json!({
        "id": id, "body": body, "as": "certification-body", "scheme": "stars@1",
        "viewpoints": ["organization"], "from": "2026-01-01", "until": "2031-12-31",
    })
}

pub(crate) fn verdict(id: &str) -> Value {
    json!({
        "verdict": id,
        "supplier": {"id": "corporate-number:7000012050002", "name": "Example Works", "country": "JP"},
        "object": {"kind": "organization", "name": "Example Works"}, "scheme": "stars@1",
        "viewpoints": ["organization"], "scope": "design and production of relays",
        "validFrom": "2026-10-01", "validUntil": "2029-09-30", "profile": "summary", "provenance": "decided",
    })
}
