//! What is judged: one registry with a fictional scheme, bodies that sign in both algorithms, their verdicts and credentials.
//!
//! In scope: everything that happens before a tool of others is asked, by the command line of `registry-node` as people would.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::foreign::Foreign;
use super::{abroad, hand_over};
use crate::demo::calendar::Day;
use crate::demo::fact;
use crate::demo::node::Node;
use crate::demo::stage::Stage;

/// The audience and nonce that a verifier gave the holder.
pub(super) const AUDIENCE: &str = "https://buyer.example";
pub(super) const NONCE: &str = "n-7c1f";
/// What a presentation shows: how each requirement is met, from both viewpoints, but neither findings nor reach.
const SHOWN: [&str; 2] = [
    "/credentialSubject/conformityAssessment/0/assessedPerformance",
    "/credentialSubject/conformityAssessment/1/assessedPerformance",
];

pub(super) const SCHEME: &str = "supply-chain-mark@1";
const DOCUMENT: &str = "nist-sp-800-171@r3";
const PUBLISHED_AT: &str = "https://github.com/usnistgov/oscal-content";
const SUPPLIER: &str = "supplier";

/// A body for each algorithm: its id, and the word of `party add`, and the algorithm's name in JOSE.
const BODIES: [(&str, &str, &str); 2] = [("eddsa", "ed25519", "EdDSA"), ("es256", "p256", "ES256")];
const PROFILES: [&str; 3] = ["open", "summary", "restricted"];
/// Who may listen on NATS.
pub(super) const BUYERS: [&str; 2] = ["buyer", "other-buyer"];
/// The folder of the first one's namesake in eu.
const FOREIGN_BUYER: &str = "buyer-of-eu";
/// The body whose credentials in summary carry certificates of its key.
const CERTIFIED: (&str, &str) = ("es256", "summary");

/// Served, with all that was issued.
pub(super) struct World<'stage> {
    pub(super) stage: &'stage Stage,
    pub(super) jp: Node<'stage>,
    /// A peer whose verdicts it recognises.
    eu: Node<'stage>,
    /// Where buyers find jp on NATS.
    pub(super) buyers: u16,
    /// The registry's own key, which signs status lists.
    pub(super) registry_key: Value,
    pub(super) issued: Vec<Issued>,
}

/// A verdict's credential, and a presentation of it.
pub(super) struct Issued {
    pub(super) verdict: String,
    pub(super) body: &'static str,
    pub(super) algorithm: &'static str,
    pub(super) profile: &'static str,
    /// The public key of the body.
    pub(super) issuer: Value,
    /// With everything that it discloses, bound to nobody's occasion.
    pub(super) whole: PathBuf,
    /// With nothing but what is signed.
    pub(super) bare: PathBuf,
    /// With a part, bound to [`AUDIENCE`] and [`NONCE`].
    pub(super) shown: PathBuf,
    /// The certificates of the issuer's key that it carries, if it carries any.
    pub(super) x5c: Option<PathBuf>,
}

impl<'stage> World<'stage> {
    pub(super) fn build(stage: &'stage Stage, foreign: &Foreign<'_>) -> Result<Self> {
        let [buyers] = stage.ports()?;
        let more = ["--nats-buyers", &format!("127.0.0.1:{buyers}")];
        let jp = Node::start_with(stage.registry("jp")?, "Registry of Japan (demonstration)", Some("JP"), &more)?;
        register_parties(&jp)?;
        publish(&jp)?;
        let parties = jp.operator(&["party", "list"])?;
        let holder = stage.folder().join("holder.jwk");
        hand_over(&holder, &foreign.public_key(&stage.folder().join(SUPPLIER).join("signing.pem"))?)?;
        let eu = abroad::agree(stage, &jp)?;
        let namesake =
            ["party", "add", FOREIGN_BUYER, "--role", "buyer", "--id", BUYERS[0], "--name", "A fictional buyer"];
        eu.operator(&[&namesake[..], &["--country", "BE"]].concat())?;
        let mut world = Self { stage, jp, eu, registry_key: key(&parties, "node")?, buyers, issued: Vec::new() };
        for (body, _, algorithm) in BODIES {
            for profile in PROFILES {
                let issuer = key(&parties, body)?;
                let issued = world.issue(body, algorithm, profile, issuer, &holder)?;
                world.issued.push(issued);
            }
        }
        Ok(world)
    }

    /// Whom the tools are to trust for TLS.
    pub(super) fn ca(&self) -> PathBuf {
        self.stage.folder().join(SUPPLIER).join("ca.pem")
    }

    /// The credentials of a buyer, of the same name as one of jp, that the peer registered.
    pub(super) fn foreign_buyer(&self) -> PathBuf {
        self.stage.folder().join(FOREIGN_BUYER)
    }

    /// The name of the registry for those who find keys by names.
    pub(super) fn did_web(&self) -> String {
        did_web(&self.jp)
    }

    /// The name of its peer.
    pub(super) fn did_of_peer(&self) -> String {
        did_web(&self.eu)
    }

    /// Lets the body suspend one verdict.
    pub(super) fn suspend(&self, issued: &Issued) -> Result<()> {
        self.jp.party(issued.body, &["suspend", &issued.verdict, "--reason", "finding"]).map(drop)
    }

    fn issue(
        &self,
        body: &'static str,
        algorithm: &'static str,
        profile: &'static str,
        issuer: Value,
        holder: &Path,
    ) -> Result<Issued> {
        let verdict = format!("V-{body}-{profile}");
        let file = |suffix: &str| self.stage.folder().join(format!("{verdict}{suffix}"));
        let (whole, bare, shown, detail) =
            (file(".sd-jwt"), file("-bare.sd-jwt"), file("-shown.sd-jwt"), file(".json"));
        grant(&self.jp, body, &verdict, "local:demo:example-works", profile)?;
        hand_over(&detail, &findings(profile))?;
        let (today, key) = (Day::today()?.to_string(), file(".jwk"));
        hand_over(&key, &issuer)?;
        let issue = ["credential", "issue", &verdict, "--assessed", &today, "--detail", text(&detail)?];
        let bound = ["--holder", text(holder)?, "--out", text(&whole)?];
        let x5c = ((body, profile) == CERTIFIED).then(|| self.certify(body, &key)).transpose()?;
        let certified = match &x5c {
            Some(x5c) => vec!["--x5c", text(x5c)?],
            None => Vec::new(),
        };
        self.jp.party(body, &[&issue[..], &bound, &certified].concat())?;
        let present = ["credential", "present", text(&whole)?, "--issuer", text(&key)?];
        self.jp.registry().run(&[&present[..], &["--out", text(&bare)?]].concat())?;
        let signing = format!("{SUPPLIER}/signing.pem");
        let occasion = ["--key", &signing, "--audience", AUDIENCE, "--nonce", NONCE];
        let part = ["--show", SHOWN[0], "--show", SHOWN[1], "--out", text(&shown)?];
        self.jp.registry().run(&[&present[..], &part, &occasion].concat())?;
        Ok(Issued { verdict, body, algorithm, profile, issuer, whole, bare, shown, x5c })
    }

    /// Has the registry certify the key with which a body signs.
    fn certify(&self, body: &str, key: &Path) -> Result<PathBuf> {
        let out = self.stage.folder().join(format!("{body}-x5c.pem"));
        let whose = format!("certification-body/{body}");
        let sign = ["certs", "sign", text(key)?, "--party", &whose, "--signing", "--out", text(&out)?];
        self.jp.operator(&sign)?;
        Ok(out)
    }
}

fn did_web(node: &Node<'_>) -> String {
    format!("did:web:localhost%3A{}", node.registry().ports()[0])
}

fn register_parties(jp: &Node<'_>) -> Result<()> {
    let add = |id: &str, role: &str, algorithm: &str| {
        let name = format!("Fictional {role} {id}");
        let who = ["party", "add", id, "--role", role, "--id", id, "--name", &name, "--country", "JP"];
        jp.operator(&[&who[..], &["--alg", algorithm]].concat()).map(drop)
    };
    add("authority", "authority", "ed25519")?;
    add("accreditation", "accreditation-body", "ed25519")?;
    add(SUPPLIER, "supplier", "ed25519")?;
    BUYERS.into_iter().try_for_each(|buyer| add(buyer, "buyer", "ed25519"))?;
    BODIES.into_iter().try_for_each(|(body, algorithm, _)| add(body, "certification-body", algorithm))
}

/// The document on which the schemes rest.
pub(super) fn import_document(node: &Node<'_>) -> Result<()> {
    let catalogue = fact("sp800-171-r3-identifiers.json");
    let import =
        ["import", "document", &catalogue, "--document", DOCUMENT, "--owner", "NIST", "--source", PUBLISHED_AT];
    node.operator(&import).map(drop)
}

fn publish(jp: &Node<'_>) -> Result<()> {
    import_document(jp)?;
    jp.party("authority", &["scheme", "publish", &fact("mark.toml")])?;
    let today = Day::today()?;
    let (from, until) = (today.to_string(), today.in_years(3).to_string());
    let designate = ["designate", "D-1", "--accreditation-body", "accreditation", "--schemes", "supply-chain-mark"];
    jp.party("authority", &[&designate[..], &["--from", &from]].concat())?;
    for (body, _, _) in BODIES {
        let id = format!("A-{body}");
        let accredit = ["accredit", &id, "--body", body, "--role", "certification-body", "--scheme", SCHEME];
        let covers = ["--viewpoint", "organization,process", "--from", &from, "--until", &until];
        jp.party("accreditation", &[&accredit[..], &covers].concat())?;
    }
    Ok(())
}

/// For a year, so that a clock set ahead by more finds it over.
pub(super) fn grant(jp: &Node<'_>, body: &str, verdict: &str, supplier: &str, profile: &str) -> Result<Value> {
    let today = Day::today()?;
    let (from, until) = (today.to_string(), today.in_years(1).to_string());
    let name = "Example Works KK (fictional)";
    let whom = ["grant", verdict, "--supplier", supplier, "--supplier-name", name, "--country", "JP"];
    let what = ["--object", "organization", "--object-name", "Head office", "--scheme", SCHEME];
    let how = ["--viewpoint", "organization,process", "--scope", "Development and operation (fictional)"];
    let when = ["--from", &from, "--until", &until, "--profile", profile];
    // What the statement of a restricted verdict tells, nobody reads; that of one in summary tells no reach.
    let reach: &[&str] = match profile {
        "open" => &["--level", "advanced"],
        "restricted" => &["--level", "advanced", "--site", "Osaka"],
        _ => &[],
    };
    jp.party(body, &[&whom[..], &what, &how, &when, reach].concat())
}

/// What a credential keeps back.
fn findings(profile: &str) -> Value {
    let of = |requirement: &str| json!({"document": DOCUMENT, "requirement": requirement});
    let with = |mut of: Value, member: &str, value: &str| {
        of[member] = value.into();
        of
    };
    let assessments = json!({
        "organization": {
            "level": "advanced",
            "results": [with(of("03.01.01"), "outcome", "met"), with(of("03.01.02"), "outcome", "partly-met")],
            "findings": [with(of("03.01.02"), "text", "Fictional finding")],
        },
        "process": {"level": "basic"},
    });
    match profile {
        "open" => json!({ "assessments": assessments }),
        _ => json!({
            "assessments": assessments,
            "reach": {"level": "advanced", "sites": ["Osaka"], "exclusions": []},
        }),
    }
}

fn key(parties: &Value, id: &str) -> Result<Value> {
    let all = parties["parties"].as_array().context("party list answers no parties")?;
    let party = all.iter().find(|party| party["id"] == id).with_context(|| format!("{id} is not listed"))?;
    let jwk = party["keys"][0]["jwk"].clone();
    ensure!(jwk.is_object(), "{id} is listed without a key");
    Ok(jwk)
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| format!("{} is no text", path.display()))
}
