//! A registry's authority and its HTTPS door on loopback, for tests. Nothing here is shared between tests.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use certs::{
    AcceptError, Authority, Branch, Client, ClientFiles, ConnectError, Credential, Holder, Https, HttpsFiles, Lifetime,
    PublicFolder, Speaker, Stream, Trust,
};
use conformity::ids::Origin;
use conformity::party::Role;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const LIMIT: Duration = Duration::from_secs(10);

/// What the door says to whoever comes in.
pub(crate) const WELCOME: &[u8] = b"welcome";

pub(crate) struct House {
    pub(crate) folder: TempDir,
    pub(crate) authority: Authority,
    made: usize,
}

impl House {
    pub(crate) fn new(origin: &str) -> Self {
        Self::since(origin, Timestamp::now())
    }

    /// An authority that began at `then`, with CRLs of that time.
    pub(crate) fn since(origin: &str, then: Timestamp) -> Self {
        let folder = TempDir::new().unwrap();
        let authority = Authority::init(&folder.path().join("ca"), &origin.parse().unwrap(), then).unwrap();
        Self { folder, authority, made: 0 }
    }

    pub(crate) fn origin(&self) -> Origin {
        self.authority.origin().clone()
    }

    pub(crate) fn public(&self) -> PublicFolder {
        self.authority.public()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Issues now, and writes the files.
    pub(crate) fn issue(&mut self, holder: &Holder) -> Issue {
        self.issue_at(holder, Lifetime::Usual, Timestamp::now())
    }

    pub(crate) fn issue_at(&mut self, holder: &Holder, lifetime: Lifetime, at: Timestamp) -> Issue {
        let credential = self.authority.issue(holder, lifetime, at).unwrap();
        self.keep(credential)
    }

    pub(crate) fn keep(&mut self, credential: Credential) -> Issue {
        self.made += 1;
        let files = ClientFiles {
            certificate: self.path(&format!("{}.pem", self.made)),
            key: self.path(&format!("{}.key", self.made)),
        };
        credential.write(&files.certificate, &files.key).unwrap();
        Issue { credential, files }
    }

    /// Files that were made by hand.
    pub(crate) fn by_hand(&mut self, chain: &str, key: &str) -> ClientFiles {
        self.made += 1;
        let files = ClientFiles {
            certificate: self.path(&format!("{}.pem", self.made)),
            key: self.path(&format!("{}.key", self.made)),
        };
        fs::write(&files.certificate, chain).unwrap();
        fs::write(&files.key, key).unwrap();
        set_mode(&files.key, 0o600);
        files
    }

    /// The key and certificate of an issuing CA, as a thief would use them.
    pub(crate) fn stolen(&self, branch: Branch) -> (rcgen::Issuer<'static, rcgen::KeyPair>, String) {
        let stem = self.path("ca/issuing").join(format!("{}-1", branch.as_str()));
        let pem = fs::read_to_string(stem.with_extension("pem")).unwrap();
        let key = fs::read_to_string(stem.with_extension("key")).unwrap();
        let key = rcgen::KeyPair::from_pem(&key).unwrap();
        (rcgen::Issuer::from_ca_cert_pem(&pem, key).unwrap(), pem)
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust::read(&self.public().root()).unwrap()
    }

    pub(crate) fn files(&mut self) -> HttpsFiles {
        let server = self.issue(&Holder::server(&["localhost", "127.0.0.1"]).unwrap());
        HttpsFiles { certificate: server.files.certificate, key: server.files.key, public: self.public() }
    }

    pub(crate) async fn door(&mut self) -> Door {
        Door::open(Https::open(self.files(), self.origin()).unwrap()).await
    }
}

pub(crate) struct Issue {
    pub(crate) credential: Credential,
    pub(crate) files: ClientFiles,
}

/// A door that answers one connection at a time.
pub(crate) struct Door {
    pub(crate) https: Arc<Https>,
    pub(crate) listener: TcpListener,
    pub(crate) address: SocketAddr,
}

impl Door {
    pub(crate) async fn open(https: Https) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { https: Arc::new(https), address: listener.local_addr().unwrap(), listener }
    }

    /// Lets `client` knock, and says what the door thought of it and what the client got to read.
    pub(crate) async fn knock(
        &self,
        client: &Client,
    ) -> (Result<Option<Speaker>, AcceptError>, Result<Vec<u8>, String>) {
        tokio::join!(self.answer(), self.visit(client))
    }

    pub(crate) async fn answer(&self) -> Result<Option<Speaker>, AcceptError> {
        let (tcp, _) = self.listener.accept().await.unwrap();
        let accepted = self.https.accept(tcp, LIMIT).await?;
        let mut stream = accepted.stream;
        // The visitor may be gone already: that is no matter of the door.
        let _ = stream.write_all(WELCOME).await;
        let _ = stream.shutdown().await;
        Ok(accepted.speaker)
    }

    pub(crate) async fn visit(&self, client: &Client) -> Result<Vec<u8>, String> {
        let mut stream = self.reach(client).await.map_err(|error| error.to_string())?;
        let mut read = Vec::new();
        match stream.read_to_end(&mut read).await {
            Ok(_) => Ok(read),
            Err(error) => Err(error.to_string()),
        }
    }

    pub(crate) async fn reach(&self, client: &Client) -> Result<Stream<TcpStream>, ConnectError> {
        let tcp = TcpStream::connect(self.address).await.unwrap();
        client.connect("localhost", tcp, LIMIT).await
    }
}

pub(crate) fn party(role: Role, id: &str) -> Holder {
    Holder::party(role, id.parse().unwrap()).unwrap()
}

pub(crate) fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
