//! A peer whose log is made by hand, so that it can also be made wrongly: `jp`, with an operator, an authority, an
//! accreditation body, two certification bodies, one scheme that was agreed on and one that was not.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use conformity::genesis::Genesis;
use conformity::ids::VerdictId;
use conformity::party::Role;
use conformity::records::{Facts, Register};
use credential::attestation::{Attestation, PAD_TO, concealed, write};
use credential::bundle::{Item, KeyHistory};
use credential::sd_jwt::{Issuance, SystemSalts, issue};
use federation::follow::{Followed, Scope};
use federation::messages::{CheckpointAnswer, Entries, Proof, Range};
use ledger::checkpoint::{Checkpoint, Purpose};
use ledger::digest::Digest;
use ledger::entry::{Entry, Kind};
use ledger::journal::{FileJournal, Options};
use ledger::jws;
use ledger::key::{Algorithm, SigningKey};
use ledger::log::{Draft, Log};
use ledger::log_keys::{Handover, LogKeys};
use ledger::merkle::Tree;
use ledger::note::{Cosigner, NoteSigner, NoteVerifier};
use serde_json::{Value, json};

pub(crate) const ORIGIN: &str = "jp.registry.test";
const START_MS: u64 = 1_800_000_000_000;

/// A log with the keys of everyone who speaks in it. A clone shares the keys and the past, and may differ from then on.
#[derive(Clone)]
pub(crate) struct Peer {
    keys: Arc<HashMap<String, SigningKey>>,
    log_key: Arc<NoteSigner>,
    /// The key before, and the place of the change.
    former: Option<(u64, Arc<NoteSigner>)>,
    log_pem: String,
    pub(crate) genesis: Arc<Genesis>,
    pub(crate) tree: Tree,
    pub(crate) entries: Vec<Entry>,
    pub(crate) statements: Vec<Option<String>>,
    pub(crate) now_ms: u64,
}

impl Peer {
    /// A log that has begun and nothing else.
    pub(crate) fn begun() -> Self {
        Self::with_origin(ORIGIN)
    }

    fn with_origin(origin: &str) -> Self {
        let log_pem = ed25519().to_pem().unwrap().to_string();
        let log_key = signer(origin, &log_pem);
        let names = ["node", "map", "op", "ministry", "ab", "cb-1", "cb-2", "audit", "stranger"];
        let keys: HashMap<_, _> = names.into_iter().map(|name| (name.to_owned(), ed25519())).collect();
        let claim = json!({
            "origin": origin, "registry": "jp", "name": "Registry jp", "country": "JP",
            "logKey": log_key.verifier().to_string(), "nodeKey": jwk(&keys["node"]), "mapKey": jwk(&keys["map"]),
            "witnessKey": Cosigner::new(origin, ed25519()).unwrap().verifier().to_string(),
            "caRoots": [STANDARD.encode([48, 0])], "didWeb": format!("did:web:{origin}"),
            "formats": {"entry": 1, "statement": 1},
            "operator": {"id": "op", "name": "Operator", "keys": [jwk(&keys["op"])]},
        });
        let genesis = Arc::new(serde_json::from_value(claim.clone()).unwrap());
        let mut peer = Self {
            keys: Arc::new(keys),
            log_key: Arc::new(log_key),
            former: None,
            log_pem,
            genesis,
            tree: Tree::new(),
            entries: Vec::new(),
            statements: Vec::new(),
            now_ms: START_MS,
        };
        let payload = peer.payload("node", "genesis", claim);
        let begun = peer.sign("node", &payload);
        peer.append(Kind::Genesis, Some(begun));
        peer
    }

    /// A registry at work: 12 entries, among them verdicts V-1 and V-2 under the agreed scheme and X-1 under another.
    pub(crate) fn at_work() -> Self {
        let mut peer = Self::begun();
        for (id, role) in [
            ("ministry", "authority"),
            ("ab", "accreditation-body"),
            ("cb-1", "certification-body"),
            ("cb-2", "certification-body"),
            ("audit", "audit-body"),
        ] {
            let claim = json!({
                "party": {"id": id, "role": role, "name": format!("The {role}"), "country": "JP"},
                "keys": [jwk(&peer.keys[id])],
            });
            peer.say("op", "party-registered", claim);
        }
        peer.say(
            "op",
            "document-published",
            json!({"document": "sp800-171@r3", "title": "SP 800-171", "owner": "NIST", "kind": "requirements"}),
        );
        for id in ["stars", "other"] {
            peer.say("ministry", "scheme-published", scheme(id));
        }
        peer.say(
            "ministry",
            "designation-made",
            json!({"id": "D-1", "accreditationBody": "ab", "schemes": ["stars", "other"], "from": "2026-01-01"}),
        );
        for id in ["stars", "other"] {
            let claim = json!({
                "id": format!("C-{id}"), "body": "cb-1", "as": "certification-body", "scheme": format!("{id}@1"),
                "viewpoints": ["organization"], "from": "2026-01-01", "until": "2031-12-31",
            });
            peer.say("ab", "accreditation-granted", claim);
        }
        peer.seal();
        peer.say("cb-1", "verdict-granted", verdict("V-1", "stars"));
        peer.say("cb-1", "verdict-granted", verdict("X-1", "other"));
        peer.say("cb-1", "verdict-granted", verdict("V-2", "stars"));
        peer
    }

    /// The name of somebody's key.
    pub(crate) fn thumbprint(&self, of: &str) -> String {
        self.keys[of].public_key().thumbprint().to_string()
    }

    pub(crate) fn size(&self) -> u64 {
        self.tree.len()
    }

    /// Takes entries back, as only a liar or a restored backup does.
    pub(crate) fn cut(&mut self, size: u64) {
        let size = usize::try_from(size).unwrap();
        self.entries.truncate(size);
        self.statements.truncate(size);
        self.tree = Tree::new();
        self.entries.iter().for_each(|entry| self.tree.push(entry.leaf_hash()));
    }

    /// Somebody states something, signed as it should be; whether it is allowed is another matter.
    pub(crate) fn say(&mut self, iss: &str, kind: &str, claim: Value) -> u64 {
        let payload = self.payload(iss, kind, claim);
        let compact = self.sign(iss, &payload);
        self.append(Kind::Statement, Some(compact))
    }

    /// The same, signed with the key of somebody else.
    pub(crate) fn say_with_key_of(&mut self, signer: &str, iss: &str, kind: &str, claim: Value) -> u64 {
        let payload = self.payload(iss, kind, claim);
        let compact = self.sign(signer, &payload);
        self.append(Kind::Statement, Some(compact))
    }

    /// The same with a signature that is broken, while its header names the right key.
    pub(crate) fn say_forged(&mut self, iss: &str, kind: &str, claim: Value) -> u64 {
        let payload = self.payload(iss, kind, claim);
        let honest = self.sign(iss, &payload);
        let other = self.sign(iss, &self.payload(iss, kind, json!({})));
        let (signed, _) = honest.rsplit_once('.').unwrap();
        let (_, signature) = other.rsplit_once('.').unwrap();
        self.append(Kind::Statement, Some(format!("{signed}.{signature}")))
    }

    pub(crate) fn change(&mut self, verdict: &str, change: &str) -> u64 {
        let effective = jiff::Timestamp::from_millisecond(self.now_ms.try_into().unwrap()).unwrap().to_string();
        let claim = json!({
            "verdict": verdict, "change": change, "reason": {"code": "as-agreed"}, "effective": effective,
        });
        self.say("cb-1", "verdict-changed", claim)
    }

    pub(crate) fn seal(&mut self) -> u64 {
        self.append(Kind::Seal, None)
    }

    pub(crate) fn append(&mut self, kind: Kind, statement: Option<String>) -> u64 {
        let digest = statement.as_ref().map_or(Digest::ZERO, |compact| Digest::of(compact.as_bytes()));
        let entry = Entry { kind, time_ms: self.now_ms, digest };
        self.tree.push(entry.leaf_hash());
        self.entries.push(entry);
        self.statements.push(statement);
        self.now_ms += 1000;
        self.size() - 1
    }

    pub(crate) fn payload(&self, iss: &str, kind: &str, claim: Value) -> Bytes {
        let payload = json!({
            "iss": iss, "aud": self.genesis_origin(), "jti": format!("s-{}", self.size()), "iat": self.now_ms / 1000,
            "kind": kind, "claim": claim,
        });
        serde_json::to_vec(&payload).unwrap().into()
    }

    fn genesis_origin(&self) -> &str {
        self.log_key.verifier().name()
    }

    pub(crate) fn sign(&self, signer: &str, payload: &[u8]) -> String {
        let signed = jws::sign(&self.keys[signer], payload).unwrap();
        String::from_utf8(signed.compact().to_vec()).unwrap()
    }

    /// Body cb-1 documents V-1, with certificates over the key of `of`, of an authority that this log does not name.
    pub(crate) fn say_certified(&mut self, of: &str) {
        let folder = tempfile::tempdir().unwrap();
        let now = jiff::Timestamp::from_millisecond(self.now_ms.try_into().unwrap()).unwrap();
        let origin = ORIGIN.parse().unwrap();
        let mut authority = certs::Authority::init(&folder.path().join("ca"), &origin, now).unwrap();
        let body = certs::Holder::party(Role::CertificationBody, of.parse().unwrap()).unwrap();
        let key = serde_json::from_value(jwk(&self.keys[of])).unwrap();
        let made = authority.certify_signing_key(&key, body, certs::Lifetime::Usual, now).unwrap();
        let certificates = certs::chain_from_pem(made.chain_pem.as_bytes()).unwrap();
        let claim = verdict("V-1", "stars");
        let credential = json!({
            "origin": ORIGIN, "registry": "jp", "didWeb": format!("did:web:{ORIGIN}"), "body": "The certification-body",
            "verdict": "V-1", "slot": {"list": 0, "index": 7}, "supplier": claim["supplier"], "object": claim["object"],
            "scheme": "stars@1", "documents": ["sp800-171@r3"], "evaluation": "third-party",
            "viewpoints": claim["viewpoints"], "assessed": "2026-12-01", "scope": claim["scope"],
            "validFrom": claim["validFrom"], "validUntil": claim["validUntil"], "profile": claim["profile"],
        });
        let detail = json!({"reach": {}, "assessments": {"organization": {"level": "3"}}});
        let attestation = Attestation {
            issuer: "cb-1".parse().unwrap(),
            jti: "c-7".parse().unwrap(),
            iat: now.as_second(),
            credential: serde_json::from_value(credential).unwrap(),
            detail: serde_json::from_value(detail).unwrap(),
        };
        let payload = write(&attestation).unwrap();
        let conceal = concealed(&payload, false);
        let issuance = Issuance { payload, conceal: &conceal, pad_to: PAD_TO, certificates: &certificates };
        let issued = issue(&self.keys["cb-1"], issuance, &mut SystemSalts::default()).unwrap();
        let compact = issued.present(|_| false).as_str().trim_end_matches('~').to_owned();
        self.append(Kind::Statement, Some(compact));
    }

    /// The signed checkpoint of a size.
    pub(crate) fn checkpoint(&self, size: u64) -> String {
        self.note(ORIGIN, size, self.tree.root_at(size).unwrap())
    }

    pub(crate) fn note(&self, origin: &str, size: u64, root: ledger::merkle::Hash) -> String {
        let checkpoint = Checkpoint { origin: origin.to_owned(), size, root, purpose: Purpose::Commit };
        let former = self.former.iter().find(|(index, _)| size <= index + 1).map(|(_, former)| former);
        former.unwrap_or(&self.log_key).sign(&checkpoint.to_string()).unwrap()
    }

    /// The keys of the log as its genesis names them.
    pub(crate) fn log_keys(&self) -> LogKeys {
        self.genesis.log_key.as_str().parse::<NoteVerifier>().unwrap().into()
    }

    /// Another key takes over; gives the place of the change.
    pub(crate) fn rotate(&mut self) -> u64 {
        let next = NoteSigner::new(self.genesis_origin(), ed25519()).unwrap();
        let handover = Handover { from: self.log_key.verifier(), to: next.verifier(), size: self.size() };
        let claim = json!({
            "from": handover.from.to_string(), "to": handover.to.to_string(), "size": handover.size,
            "signatures": {"from": handover.sign(&self.log_key).unwrap(), "to": handover.sign(&next).unwrap()},
        });
        self.say("op", "log-key-changed", claim);
        let index = self.size() - 1;
        self.former = Some((index, std::mem::replace(&mut self.log_key, Arc::new(next))));
        index
    }

    /// As if a thief had kept the key that was retired: it goes on signing.
    pub(crate) fn stolen(&self) -> Self {
        let (_, former) = self.former.clone().unwrap();
        Self { log_key: former, former: None, ..self.clone() }
    }

    /// What it answers to whoever asks for its keys.
    pub(crate) fn key_history(&self, indexes: &[u64]) -> KeyHistory {
        let item = |&index: &u64| {
            let place = usize::try_from(index).unwrap();
            let (time_ms, statement) = (self.entries[place].time_ms, self.statements[place].clone().unwrap());
            Arc::new(Item { index, time_ms, statement, attachment: None })
        };
        KeyHistory {
            statements: indexes.iter().map(item).collect(),
            checkpoint: self.checkpoint(self.size()),
            proof: self.tree.multi_proof(indexes, self.size()).unwrap(),
        }
    }

    pub(crate) fn genesis_digest(&self) -> conformity::Digest {
        conformity::Digest::from_bytes(*self.entries[0].digest.as_bytes())
    }

    /// The same log as a registry keeps it.
    pub(crate) fn kept_in(&self, folder: &Path) -> Log {
        let journal = FileJournal::open(folder, Options::default()).unwrap();
        let (mut log, _) = Log::create(journal, signer(ORIGIN, &self.log_pem), START_MS, self.draft(0)).unwrap();
        (1..self.entries.len())
            .for_each(|index| drop(log.append(self.entries[index].time_ms, vec![self.draft(index)]).unwrap()));
        log
    }

    /// An entry as it is handed to a log.
    pub(crate) fn draft(&self, index: usize) -> Draft {
        let root = Bytes::copy_from_slice(self.entries[index].digest.as_bytes());
        let statement = self.statements[index].clone().map_or(root, Bytes::from);
        Draft { kind: self.entries[index].kind, statement, attachments: Vec::new() }
    }

    /// What an honest peer answers, `to` being the end of the range.
    pub(crate) fn range(&self, from: u64, to: u64) -> Range {
        let part = usize::try_from(from).unwrap()..usize::try_from(to).unwrap();
        Range {
            entries: Entries(self.entries[part.clone()].to_vec()),
            statements: self.statements[part].to_vec(),
            checkpoint: self.checkpoint(self.size()),
            proof: self.proof(to, self.size()),
        }
    }

    pub(crate) fn newest(&self, held: u64) -> CheckpointAnswer {
        CheckpointAnswer { checkpoint: self.checkpoint(self.size()), proof: self.proof(held, self.size()) }
    }

    pub(crate) fn proof(&self, from: u64, to: u64) -> Proof {
        Proof(if from == 0 || from >= to { Vec::new() } else { self.tree.consistency_proof(from, to).unwrap() })
    }

    /// Somebody who follows this log and has seen nothing of it yet.
    pub(crate) fn follower(&self) -> Followed {
        Followed::new(self.log_keys(), &self.genesis_digest())
    }
}

/// What was agreed on.
pub(crate) fn scope() -> Scope {
    ["stars@1"].into_iter().map(|scheme| scheme.parse().unwrap()).collect()
}

pub(crate) fn verdict_id(id: &str) -> VerdictId {
    id.parse().unwrap()
}

/// Everything that a register knows about what is named here, in one order.
pub(crate) fn knowledge(register: &Register) -> String {
    let parties = ["node", "op", "ministry", "ab", "cb-1", "cb-2", "audit", "stranger", "buyer"];
    let verdicts = ["V-1", "V-2", "V-9", "X-1", "X-9"].map(verdict_id);
    format!(
        "{:?}",
        (
            register.genesis().map(|genesis| genesis.digest),
            parties.map(|id| register.party(&id.parse().unwrap())),
            ["stars@1", "other@1"].map(|id| register.scheme(&id.parse().unwrap())),
            register.designation(&"D-1".parse().unwrap()),
            ["cb-1", "cb-2"].map(|id| register.accreditations(&id.parse().unwrap())),
            verdicts.map(|id| register.verdict(&id)),
        )
    )
}

fn signer(origin: &str, pem: &str) -> NoteSigner {
    NoteSigner::new(origin, SigningKey::from_pem(pem).unwrap()).unwrap()
}

fn ed25519() -> SigningKey {
    SigningKey::generate(Algorithm::Ed25519).unwrap()
}

fn jwk(key: &SigningKey) -> Value {
    serde_json::from_str(&key.public_key().to_jwk()).unwrap()
}

fn scheme(id: &str) -> Value {
    json!({
        "scheme": format!("{id}@1"), "title": id, "owner": "Ministry", "fictional": true, "documents": ["sp800-171@r3"],
        "viewpoints": ["organization"], "objects": ["organization"], "evaluation": "third-party",
        "levels": [{"code": "3", "name": "three stars"}], "validityMonths": 36,
    })
}

pub(crate) fn verdict(id: &str, scheme: &str) -> Value {
    json!({
        "verdict": id,
        "supplier": {"id": "corporate-number:7000012050002", "name": "Example Works", "country": "JP"},
        "object": {"kind": "organization", "name": "Example Works"}, "scheme": format!("{scheme}@1"),
        "viewpoints": ["organization"], "level": "3", "scope": "design and production of relays",
        "validFrom": "2026-10-01", "validUntil": "2029-09-30", "profile": "open", "provenance": "decided",
    })
}
