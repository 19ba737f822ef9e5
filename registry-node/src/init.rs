//! A new registry: a folder that is ready to run, made as a whole or not at all.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use certs::{Authority, Holder, Lifetime, NodeUser};
use conformity::genesis::{Formats, Genesis, GenesisOperator};
use conformity::ids::{CountryCode, Origin, PartyId, RegistryId};
use conformity::key::{Der, Jwk};
use conformity::party::Role;
use conformity::persons::Persons;
use conformity::statement::{Claim, Statement};
use conformity::text::Text;
use jiff::Timestamp;
use ledger::disk::RealDisk;
use ledger::entry::Kind;
use ledger::files::{self, SHOWN};
use ledger::journal::{FileJournal, Options};
use ledger::jws;
use ledger::key::{Algorithm, SigningKey};
use ledger::log::{Draft, Log};
use ledger::note::{Cosigner, NoteSigner, NoteVerifier};

use crate::config::{self, NewConfig};
use crate::credentials::{About, Credentials};
use crate::folder::Folder;
use crate::keys::{self, Keys};

/// Name of the operator's party until the registry registers others.
const OPERATOR: &str = "operator";
/// Name of the genesis in a credentials folder.
const PINNED: &str = "genesis.jws";
/// Statement id of every genesis.
const GENESIS_ID: &str = "genesis";

/// What a new registry is to be.
#[derive(Debug, Clone)]
pub struct NewRegistry {
    /// Short name.
    pub id: RegistryId,
    /// Name of the log, for ever.
    pub origin: Origin,
    /// Name for people.
    pub name: String,
    /// Jurisdiction, if it has one.
    pub country: Option<CountryCode>,
    /// Address of the HTTPS door.
    pub http: SocketAddr,
    /// Address of the nats-server.
    pub nats: SocketAddr,
    /// Address of the nats-server of buyers, where there is to be one.
    pub nats_buyers: Option<SocketAddr>,
    /// Host under which others reach all of them.
    pub host: String,
    /// Where its keys rest.
    pub keys: Keys,
    /// How many persons a sensitive step of its operator needs.
    pub persons: Persons,
}

#[cfg(test)]
#[allow(clippy::expect_used)]
impl NewRegistry {
    /// One for a test, at usual ports of this machine.
    pub(crate) fn for_trial(id: &str) -> Self {
        use std::net::Ipv4Addr;
        Self {
            id: id.parse().expect("a name"),
            origin: format!("{id}.registry.example").parse().expect("an origin"),
            name: format!("Registry {id}"),
            country: None,
            http: (Ipv4Addr::LOCALHOST, 7443).into(),
            nats: (Ipv4Addr::LOCALHOST, 4222).into(),
            nats_buyers: None,
            host: "localhost".to_owned(),
            keys: Keys::Files,
            persons: Persons::One,
        }
    }
}

/// Makes the folder of a new registry at `path`, which must not exist yet.
///
/// # Errors
/// A name that is too long, a file that cannot be written, or a token that makes no keys. Nothing is left behind then, neither at
/// `path` nor in the token.
pub fn init(path: &Path, new: &NewRegistry, now: Timestamp) -> anyhow::Result<()> {
    anyhow::ensure!(!path.exists(), "{} exists already; choose another folder, or remove it", path.display());
    let draft = draft_path(path)?;
    discard(&draft)?;
    if let Err(error) = fill(&Folder::new(&draft), new, now) {
        return match discard(&draft) {
            Ok(()) => Err(error),
            Err(leftover) => Err(error.context(format!("{leftover}; {} is left", draft.display()))),
        };
    }
    // The names in every folder first, then its own: whoever was told of a registry has all of it, also after a power cut.
    files::sync_tree(&RealDisk, &draft)?;
    Ok(files::rename(&RealDisk, &draft, path)?)
}

/// Removes what an init left unfinished, keys in a token before the files that name them.
fn discard(draft: &Path) -> anyhow::Result<()> {
    if !draft.exists() {
        return Ok(());
    }
    let folder = Folder::new(draft);
    let signing = [folder.operator(), folder.second_operator()].map(|person| person.join(Credentials::SIGNING_KEY));
    for file in [folder.log_key(), folder.node_key(), folder.witness_key()].into_iter().chain(signing) {
        keys::destroy(&file)?;
    }
    Ok(std::fs::remove_dir_all(draft)?)
}

fn draft_path(path: &Path) -> anyhow::Result<PathBuf> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().ok_or_else(|| anyhow::anyhow!("{} names no folder", path.display()))?;
    std::fs::create_dir_all(parent)?;
    Ok(parent.join(format!(".{}.unfinished", name.to_string_lossy())))
}

fn fill(folder: &Folder, new: &NewRegistry, now: Timestamp) -> anyhow::Result<()> {
    for name in ["keys", "tls", "peers"] {
        std::fs::create_dir_all(folder.path().join(name))?;
    }
    let text = config::render(&NewConfig {
        id: &new.id,
        origin: &new.origin,
        name: &new.name,
        country: new.country.as_ref().map(CountryCode::as_str),
        http: new.http,
        nats: new.nats,
        nats_buyers: new.nats_buyers,
        host: &new.host,
    });
    files::replace(&RealDisk, &folder.path().join(config::FILE_NAME), text.as_bytes(), SHOWN)?;
    let config = config::Config::parse(&text, Path::new(config::FILE_NAME))?;
    let mut authority = Authority::init(&folder.ca(), &new.origin, now)?;
    certify_node(folder, &mut authority, &config, now)?;
    let key = |file: &Path, name: &str| new.keys.make(file, &format!("{}-{name}", new.id), Algorithm::Ed25519);
    let (log_key, node_key) = (key(&folder.log_key(), "log")?, key(&folder.node_key(), "node")?);
    let map_key = jwk(&Keys::Files.make(&folder.map_key(), "map", Algorithm::Ed25519)?)?;
    let about = About {
        url: config.http.public_url.clone(),
        nats: config.nats.public_address.clone(),
        registry: new.id.clone(),
        origin: new.origin.clone(),
        party: OPERATOR.parse()?,
        role: Role::Operator,
    };
    let people = [folder.operator(), folder.second_operator()];
    let people = people.iter().take(new.persons.count());
    let kind = (&new.keys, Algorithm::Ed25519);
    let operator = people.clone().map(|person| equip(person, about.clone(), &mut authority, kind, now));
    let operator = operator.collect::<Result<Vec<_>, _>>()?;
    let signer = NoteSigner::new(new.origin.as_str(), log_key)?;
    let witness = Cosigner::new(new.origin.as_str(), key(&folder.witness_key(), "witness")?)?;
    let node = Node { log: signer.verifier(), witness: witness.verifier(), key: jwk(&node_key)?, map: map_key };
    let genesis = genesis(new, node, &authority, operator)?;
    begin(folder, &config, signer, &node_key, genesis, now)?;
    // The second person takes theirs along, and pins the log by it.
    people.skip(1).try_for_each(|person| copied(&folder.genesis(), &person.join(PINNED)))?;
    Ok(())
}

/// Certificates of the node itself: its servers, and its two users on its nats-servers.
fn certify_node(
    folder: &Folder,
    authority: &mut Authority,
    config: &config::Config,
    now: Timestamp,
) -> anyhow::Result<()> {
    let holders = [
        (Holder::server(&config.http.server_names)?, folder.server()),
        (Holder::node(NodeUser::Node), folder.nats_node()),
        (Holder::node(NodeUser::System), folder.nats_system()),
    ];
    for (holder, (certificate, key)) in holders {
        authority.issue(&holder, Lifetime::Usual, now)?.write(&certificate, &key)?;
    }
    Ok(())
}

/// Makes a credentials folder: keys, a client certificate, and what they are for. Returns the key that signs statements.
///
/// # Errors
/// The folder holds keys already, or a file cannot be written.
pub fn equip(
    folder: &Path,
    about: About,
    authority: &mut Authority,
    (keys, algorithm): (&Keys, Algorithm),
    now: Timestamp,
) -> anyhow::Result<Jwk> {
    let label = format!("{}-{}", about.registry, own_name(folder, &about));
    let holder = Holder::party(about.role, about.party.clone())?;
    let credentials = Credentials::create(folder, about)?;
    copied(&authority.public().root(), &credentials.ca())?;
    let (certificate, key) = credentials.tls();
    authority.issue(&holder, Lifetime::Usual, now)?.write(&certificate, &key)?;
    jwk(&keys.make(&credentials.signing_key_file(), &label, algorithm)?)
}

/// What its key is called in a token. The persons of an operator are one party, and no token holds two keys of one name.
fn own_name(folder: &Path, about: &About) -> String {
    let of_folder = folder.file_name().filter(|_| about.role == Role::Operator);
    of_folder.map_or_else(|| about.party.to_string(), |name| name.to_string_lossy().into_owned())
}

/// The node's own keys, as the genesis names them.
struct Node<'a> {
    log: &'a NoteVerifier,
    witness: &'a NoteVerifier,
    key: Jwk,
    map: Jwk,
}

fn genesis(new: &NewRegistry, node: Node<'_>, authority: &Authority, operator: Vec<Jwk>) -> anyhow::Result<Genesis> {
    Ok(Genesis {
        origin: new.origin.clone(),
        registry: new.id.clone(),
        name: new.name.parse()?,
        country: new.country.clone(),
        log_key: node.log.to_string().parse()?,
        witness_key: node.witness.to_string().parse()?,
        node_key: node.key,
        map_key: node.map,
        ca_roots: vec![Der::new(authority.root_der())?],
        did_web: did_web(&new.host, new.http.port())?,
        formats: Formats::CURRENT,
        operator: GenesisOperator { id: OPERATOR.parse()?, name: new.name.parse()?, keys: operator },
        persons: new.persons,
    })
}

/// did:web of the registry's own host (did:web specification, section 3.2: a port's colon is percent-encoded).
fn did_web(host: &str, port: u16) -> anyhow::Result<Text<256>> {
    let port = if port == 443 { String::new() } else { format!("%3A{port}") };
    Ok(format!("did:web:{host}{port}").parse()?)
}

fn begin(
    folder: &Folder,
    config: &config::Config,
    signer: NoteSigner,
    node_key: &SigningKey,
    genesis: Genesis,
    now: Timestamp,
) -> anyhow::Result<()> {
    let statement = Statement {
        iss: PartyId::NODE.parse()?,
        aud: genesis.origin.clone(),
        jti: GENESIS_ID.parse()?,
        iat: now.as_second(),
        claim: Claim::Genesis(genesis.into()),
    };
    let signed = jws::sign(node_key, &serde_json::to_vec(&statement)?)?;
    files::replace(&RealDisk, &folder.genesis(), signed.compact(), SHOWN)?;
    let options = Options { roll_bytes: config.log.segment_bytes, published_size: 0 };
    let draft = Draft { kind: Kind::Genesis, statement: signed.compact().clone(), attachments: Vec::new() };
    let at_ms = u64::try_from(now.as_millisecond())?;
    Log::create(FileJournal::open(&folder.journal(), options)?, signer, at_ms, draft)?;
    Ok(())
}

/// Copies a file durably.
pub(crate) fn copied(from: &Path, to: &Path) -> std::io::Result<()> {
    files::replace(&RealDisk, to, &std::fs::read(from)?, SHOWN)
}

fn jwk(key: &SigningKey) -> anyhow::Result<Jwk> {
    Ok(serde_json::from_str(&key.public_key().to_jwk())?)
}
