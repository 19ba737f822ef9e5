//! A registry to try things in: `jp`, with an operator, two authorities' worth of roles, two certification bodies, an audit
//! body, a scheme with levels and one peer, `eu`.

use std::sync::{Arc, LazyLock};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use conformity::key::KeyId;
use conformity::records::{Facts, Register};
use conformity::refusal::Refusal;
use conformity::statement::Statement;
use conformity::verdict::VerdictRecord;
use conformity::{Digest, Place, Record, decide};
use jiff::Timestamp;
use serde_json::{Value, json};

/// What somebody tries, and the refusal that answers.
pub(crate) struct Row {
    pub(crate) why: &'static str,
    pub(crate) attempt: fn(&mut World) -> Result<Vec<Record>, Refusal>,
    pub(crate) code: &'static str,
}

pub(crate) fn row(
    why: &'static str,
    attempt: fn(&mut World) -> Result<Vec<Record>, Refusal>,
    code: &'static str,
) -> Row {
    Row { why, attempt, code }
}

/// A registry and its clock.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) register: Register,
    pub(crate) next: u64,
    pub(crate) now: Timestamp,
    /// Everything that was taken: the payload, when, and what was attached.
    pub(crate) taken: Vec<(Vec<u8>, Timestamp, Option<Vec<u8>>)>,
}

pub(crate) const ORIGIN: &str = "jp.registry.example";
/// How the ids of statements begin that a thief signed.
pub(crate) const STOLEN: &str = "stolen-";
pub(crate) const PEER_ORIGIN: &str = "eu.registry.example";

static FURNISHED: LazyLock<World> = LazyLock::new(furnish);

impl World {
    /// A log that has not begun.
    pub(crate) fn empty() -> Self {
        Self { register: Register::new(), next: 0, now: "2026-11-02T09:00:00Z".parse().unwrap(), taken: Vec::new() }
    }

    /// A registry at work.
    pub(crate) fn furnished() -> Self {
        FURNISHED.clone()
    }

    /// Lets time pass.
    pub(crate) fn at(&mut self, now: &str) {
        self.now = now.parse().unwrap();
    }

    /// Somebody states something to this registry.
    pub(crate) fn say(&mut self, iss: &str, kind: &str, claim: Value) -> Result<Vec<Record>, Refusal> {
        let payload = self.envelope(iss, kind, claim);
        self.take(&payload, None)
    }

    /// Somebody states something that must be allowed.
    pub(crate) fn must(&mut self, iss: &str, kind: &str, claim: Value) {
        if let Err(refusal) = self.say(iss, kind, claim) {
            panic!("{iss} {kind}: {}: {refusal}", refusal.code());
        }
    }

    /// A payload with a fresh id.
    pub(crate) fn envelope(&self, iss: &str, kind: &str, claim: Value) -> Value {
        json!({
            "iss": iss, "aud": ORIGIN, "jti": format!("s-{}", self.next), "iat": self.now.as_second(),
            "kind": kind, "claim": claim,
        })
    }

    /// Decides a payload and takes up what follows.
    pub(crate) fn take(&mut self, payload: &Value, attachment: Option<&[u8]>) -> Result<Vec<Record>, Refusal> {
        let bytes = serde_json::to_vec(payload).unwrap();
        let statement = Statement::parse(&bytes).unwrap_or_else(|malformed| panic!("{malformed}: {payload:#}"));
        let place = Place {
            index: self.next,
            at: self.now,
            kid: signer(&self.register, &statement),
            digest: Digest::of(&bytes),
            attachment,
        };
        let records = decide(&self.register, &statement, &place)?;
        for record in &records {
            self.register.insert(record.clone());
        }
        self.taken.push((bytes, self.now, attachment.map(<[u8]>::to_vec)));
        self.next += 1;
        self.now += jiff::SignedDuration::from_secs(1);
        Ok(records)
    }

    /// A thief who has the first key of `iss` states something with it.
    pub(crate) fn steal(&mut self, iss: &str, kind: &str, claim: Value) -> Result<Vec<Record>, Refusal> {
        let stolen = json!(format!("{STOLEN}{}", self.next));
        let payload = with(self.envelope(iss, kind, claim), json!({"jti": stolen}));
        self.take(&payload, None)
    }

    /// The verdict of this id.
    pub(crate) fn verdict(&self, id: &str) -> Arc<VerdictRecord> {
        self.register.verdict(&id.parse().unwrap()).expect("the verdict is there")
    }

    /// The state of the verdict of this id.
    pub(crate) fn state(&self, id: &str) -> &'static str {
        self.verdict(id).now.state.name().as_str()
    }

    /// Changes verdict V-1 as its body.
    pub(crate) fn change(&mut self, change: Value) -> Result<Vec<Record>, Refusal> {
        self.change_as("cb-1", change)
    }

    /// Changes verdict V-1 as somebody.
    pub(crate) fn change_as(&mut self, iss: &str, change: Value) -> Result<Vec<Record>, Refusal> {
        let claim = changed(self, "V-1", change);
        self.say(iss, "verdict-changed", claim)
    }

    /// Changes verdict V-1 as its body, which must be allowed.
    pub(crate) fn must_change(&mut self, change: Value) {
        if let Err(refusal) = self.change(change.clone()) {
            panic!("{change}: {refusal}");
        }
    }
}

/// Which key signed a statement, as if each party signed with its newest key that still signs, and thieves with its first.
pub(crate) fn signer(facts: &impl Facts, statement: &Statement) -> KeyId {
    let party = facts.party(&statement.iss);
    let keys = party.as_ref().map_or(&[][..], |record| &record.keys);
    let newest = keys.iter().rev().find(|key| key.revoked.is_none());
    let key = if statement.jti.as_str().starts_with(STOLEN) { keys.first() } else { newest };
    key.or(keys.first()).map_or(KeyId::from_bytes([0; 32]), |key| key.kid)
}

/// `base` with the members of `patch`; null takes a member away.
pub(crate) fn with(mut base: Value, patch: Value) -> Value {
    let (Value::Object(base_map), Value::Object(patch)) = (&mut base, patch) else { panic!("two objects") };
    for (name, value) in patch {
        if value.is_null() {
            base_map.remove(&name);
        } else {
            base_map.insert(name, value);
        }
    }
    base
}

pub(crate) fn key(seed: u8) -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode([seed; 32])})
}

pub(crate) fn kid(seed: u8) -> String {
    let jwk: conformity::key::Jwk = serde_json::from_value(key(seed)).unwrap();
    jwk.thumbprint().to_string()
}

pub(crate) fn reason() -> Value {
    json!({"code": "as-agreed"})
}

pub(crate) fn genesis(registry: &str, origin: &str) -> Value {
    let mut log_key = vec![1];
    log_key.extend([200; 32]);
    json!({
        "origin": origin, "registry": registry, "name": format!("Registry {registry}"), "country": "JP",
        "logKey": format!("{origin}+c0ffee00+{}", STANDARD.encode(log_key)), "nodeKey": key(201), "mapKey": key(202),
        "witnessKey": witness_key(origin, 203),
        "caRoots": [STANDARD.encode([48, 0])], "didWeb": format!("did:web:{origin}"),
        "formats": {"entry": 1, "statement": 1},
        "operator": {"id": "op", "name": "Operator", "keys": [key(1)]},
    })
}

/// A verifier key of type 0x04.
pub(crate) fn witness_key(name: &str, seed: u8) -> String {
    let key = [&[4][..], &[seed; 32]].concat();
    format!("{name}+c0ffee01+{}", STANDARD.encode(key))
}

pub(crate) fn party(id: &str, role: &str, seed: u8) -> Value {
    json!({
        "party": {"id": id, "role": role, "name": format!("The {role} {id}"), "country": "JP"},
        "keys": [key(seed)],
    })
}

pub(crate) fn document() -> Value {
    json!({"document": "sp800-171@r3", "title": "SP 800-171", "owner": "NIST", "kind": "requirements"})
}

pub(crate) fn scheme() -> Value {
    json!({
        "scheme": "stars@1", "title": "Stars", "owner": "Ministry", "fictional": true,
        "documents": ["sp800-171@r3"], "viewpoints": ["organization", "process"], "objects": ["organization", "site"],
        "evaluation": "third-party",
        "levels": [
            {"code": "3", "name": "three stars"},
            {"code": "4", "name": "four stars", "atLeast": ["3"]},
            {"code": "5", "name": "five stars", "atLeast": ["4"]},
        ],
        "validityMonths": 36, "surveillance": {"by": "audit-body", "everyMonths": 12}, "restorationDays": 90,
    })
}

pub(crate) fn designation() -> Value {
    json!({"id": "D-1", "accreditationBody": "ab", "schemes": ["stars"], "from": "2026-01-01"})
}

pub(crate) fn accreditation(id: &str, body: &str, role: &str) -> Value {
    json!({
        "id": id, "body": body, "as": role, "scheme": "stars@1", "viewpoints": ["organization", "process"],
        "from": "2026-01-01", "until": "2028-12-31",
    })
}

pub(crate) fn verdict(id: &str) -> Value {
    json!({
        "verdict": id,
        "supplier": {"id": "corporate-number:7000012050002", "name": "Example Works", "country": "JP"},
        "object": {"kind": "organization", "name": "Example Works"}, "scheme": "stars@1",
        "viewpoints": ["organization"], "level": "4", "scope": "design and production of relays",
        "sites": ["Osaka", "Nagoya"], "exclusions": ["warehouse"],
        "validFrom": "2026-10-01", "validUntil": "2029-09-30", "profile": "open", "provenance": "decided",
    })
}

pub(crate) fn transcribed(id: &str) -> Value {
    with(
        verdict(id),
        json!({"validFrom": "2015-01-01", "validUntil": "2020-01-01", "provenance": {"transcribed": {
            "list": "an example list", "source": "https://list.example/", "retrieved": "2026-11-01", "row": "17",
        }}}),
    )
}

/// What a list says of an authority that accepted T-1.
pub(crate) fn acceptance(id: &str) -> Value {
    json!({
        "acceptance": id, "verdict": "T-1", "authority": "An Agency", "unit": "An Office", "from": "2014-01-01",
        "until": "2027-01-01", "noted": "2014-02-01",
        "transcribed": {
            "list": "an example list", "source": "https://list.example/", "retrieved": "2026-11-01", "row": "reuse row 2",
            "issuedBy": "22-027",
        },
    })
}

/// A change that takes effect now.
pub(crate) fn changed(world: &World, id: &str, change: Value) -> Value {
    json!({"verdict": id, "change": change, "reason": reason(), "effective": world.now.to_string()})
}

pub(crate) fn cover(patch: Value) -> Value {
    with(json!({"scope": "as changed"}), patch)
}

pub(crate) fn report(id: &str) -> Value {
    json!({
        "report": id, "verdict": "V-1", "period": {"from": "2026-10-01", "to": "2026-11-01"}, "outcome": "finding",
        "recommendation": "suspend",
    })
}

pub(crate) fn terms() -> Value {
    json!({
        "id": "A-1", "version": 1, "title": "jp and eu", "mode": "bilateral",
        "parties": [
            {"registry": "jp", "origin": ORIGIN, "authority": "Ministry", "roles": ["issuing", "recognising"]},
            {"registry": "eu", "origin": PEER_ORIGIN, "authority": "Agency", "roles": ["issuing", "recognising"]},
        ],
        "rules": [rule()], "from": "2026-01-01", "noticeDays": 30,
    })
}

pub(crate) fn rule() -> Value {
    json!({
        "id": "R-1", "from": ["jp"], "to": ["eu"], "scheme": "stars@1", "objects": ["organization"],
        "viewpoints": ["organization"], "grants": "full", "onSuspension": "keep", "onEnd": "cease",
    })
}

/// The claim that signs `terms`, with their true digest.
pub(crate) fn signed(terms: Value) -> Value {
    let parsed: conformity::arrangement::Arrangement = serde_json::from_value(terms).unwrap();
    json!({"digest": parsed.digest().unwrap(), "terms": parsed})
}

/// A JWS around a payload; its signature is somebody else's business.
pub(crate) fn jws(payload: &Value) -> String {
    format!("e30.{}.AA", URL_SAFE_NO_PAD.encode(serde_json::to_vec(payload).unwrap()))
}

/// A statement that the peer's operator made in the peer's log.
pub(crate) fn foreign(id: &str, kind: &str, claim: Value) -> String {
    jws(&json!({
        "iss": "eu-op", "aud": PEER_ORIGIN, "jti": id, "iat": 1_700_000_000, "kind": kind, "claim": claim,
    }))
}

pub(crate) fn peer(registry: &str, origin: &str) -> Value {
    let begun = jws(&json!({
        "iss": "node", "aud": origin, "jti": "genesis", "iat": 1_700_000_000, "kind": "genesis",
        "claim": genesis(registry, origin),
    }));
    json!({
        "registry": registry, "origin": origin, "genesisDigest": Digest::of(begun.as_bytes()).to_string(),
        "genesis": begun,
    })
}

fn furnish() -> World {
    let mut world = World::empty();
    world.must("node", "genesis", genesis("jp", ORIGIN));
    for (seed, id, role) in [
        (2, "ministry", "authority"),
        (3, "ab", "accreditation-body"),
        (4, "ab-2", "accreditation-body"),
        (5, "cb-1", "certification-body"),
        (6, "cb-2", "certification-body"),
        (7, "cb-3", "certification-body"),
        (8, "audit", "audit-body"),
        (9, "lab", "evaluation-laboratory"),
        (10, "buyer", "buyer"),
    ] {
        world.must("op", "party-registered", party(id, role, seed));
    }
    world.must("op", "document-published", document());
    world.must("ministry", "scheme-published", scheme());
    world.must("ministry", "designation-made", designation());
    world.must("ab", "accreditation-granted", accreditation("C-1", "cb-1", "certification-body"));
    world.must("ab", "accreditation-granted", accreditation("C-2", "cb-2", "certification-body"));
    world.must("ab", "accreditation-granted", accreditation("C-8", "audit", "audit-body"));
    world.must("cb-1", "verdict-granted", verdict("V-1"));
    world.must("op", "verdict-granted", transcribed("T-1"));
    world.must("op", "peer-added", peer("eu", PEER_ORIGIN));
    world
}
