//! The HTTPS client of the command line: one connection to one registry, with or without a certificate.
//!
//! Out of scope: what is said (the commands know) and retries (the person decides).

pub(crate) mod sender;

use std::time::Duration;

use bytes::Bytes;
use certs::{Client as Tls, ClientFiles, ConnectError, TlsError, Trust};
use conformity::ids::PartyId;
use conformity::key::Der;
use conformity::words::Language;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use warp::http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};

use crate::credentials::Credentials;
use sender::Sender;

/// Largest answer that is read whole.
const MAX_ANSWER: usize = 64 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// Why a request got no good answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Not an address of a registry.
    #[error("{url} is not an address such as https://registry.example:7443")]
    Address {
        /// As given.
        url: String,
    },
    /// The files for TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Nothing listens there.
    #[error("cannot reach {authority}: {source}. Is the registry running? (`registry-node serve`)")]
    Unreachable {
        /// Host and port.
        authority: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The handshake failed.
    #[error("no TLS connection to {authority}: {source}")]
    Handshake {
        /// Host and port.
        authority: String,
        /// Which side refused, and why.
        source: ConnectError,
    },
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The registry took too long.
    #[error("no answer within {ANSWER_TIMEOUT:?}")]
    Slow,
    /// The registry refused: its problem details (RFC 9457).
    #[error("{title} ({status}, {code}): {detail}")]
    Problem {
        /// HTTP status.
        status: u16,
        /// Stable code.
        code: String,
        /// Kind of problem.
        title: String,
        /// What happened and what to do.
        detail: String,
    },
    /// The answer is not what this version of the program understands.
    #[error("the answer cannot be read: {0}")]
    Unreadable(String),
}

/// The header that names the party on whose behalf somebody asks.
const ON_BEHALF_OF: HeaderName = HeaderName::from_static("on-behalf-of");

/// Where a registry is, and how to speak to it.
pub struct Client {
    tls: Tls,
    host: String,
    port: u16,
    language: Language,
    member: Option<PartyId>,
}

impl Client {
    /// A client with the certificate in `credentials`.
    ///
    /// # Errors
    /// [`ClientError::Address`] or [`ClientError::Tls`].
    pub fn with_credentials(credentials: &Credentials) -> Result<Client, ClientError> {
        let (certificate, key) = credentials.tls();
        let trust = Trust::read(&credentials.ca())?;
        let tls = Tls::with_certificate(&trust, ClientFiles { certificate, key })?;
        Client::new(&credentials.about.url, tls)
    }

    /// A client that says nothing about itself, trusting the root in `ca`.
    ///
    /// # Errors
    /// [`ClientError::Address`] or [`ClientError::Tls`].
    pub fn anonymous(url: &str, ca: &std::path::Path) -> Result<Client, ClientError> {
        Client::new(url, Tls::anonymous(&Trust::read(ca)?)?)
    }

    /// The same at another address: whoever answers there has a certificate of the same authority, or is not believed.
    ///
    /// # Errors
    /// [`ClientError::Address`].
    pub fn at(&self, url: &str) -> Result<Client, ClientError> {
        Ok(Client::new(url, self.tls.clone())?.in_language(self.language))
    }

    /// A client of another registry, that says nothing about itself and trusts these roots alone.
    ///
    /// # Errors
    /// [`ClientError::Address`] or [`ClientError::Tls`].
    pub fn elsewhere(&self, url: &str, roots: &[Der]) -> Result<Client, ClientError> {
        let roots: Vec<&[u8]> = roots.iter().map(Der::as_bytes).collect();
        Ok(Client::new(url, Tls::anonymous(&Trust::from_der(&roots)?)?)?.in_language(self.language))
    }

    /// Where it goes.
    pub fn url(&self) -> String {
        format!("https://{}:{}", self.host, self.port)
    }

    /// Whether that is where this client goes.
    pub fn is_at(&self, url: &str) -> bool {
        Client::new(url, self.tls.clone()).is_ok_and(|other| (&other.host, other.port) == (&self.host, self.port))
    }

    fn new(url: &str, tls: Tls) -> Result<Client, ClientError> {
        let address = || ClientError::Address { url: url.to_owned() };
        let uri: Uri = url.parse().map_err(|_| address())?;
        if uri.scheme_str() != Some("https") || uri.path() != "/" {
            return Err(address());
        }
        let host = uri.host().ok_or_else(address)?.trim_matches(['[', ']']).to_owned();
        Ok(Client { tls, host, port: uri.port_u16().unwrap_or(443), language: Language::English, member: None })
    }

    /// The same, asking for words in `language`.
    #[must_use]
    pub fn in_language(self, language: Language) -> Client {
        Client { language, ..self }
    }

    /// The same, asking on behalf of a party that let this one do so.
    #[must_use]
    pub fn on_behalf_of(self, member: Option<PartyId>) -> Client {
        Client { member, ..self }
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`] or [`ClientError::Handshake`].
    pub async fn connect(&self) -> Result<Connection, ClientError> {
        let authority = format!("{}:{}", self.host, self.port);
        let socket =
            match tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect((self.host.as_str(), self.port))).await {
                Ok(socket) => socket,
                Err(_) => Err(std::io::ErrorKind::TimedOut.into()),
            };
        let socket = socket.map_err(|source| ClientError::Unreachable { authority: authority.clone(), source })?;
        // Requests are small; without this they are only slower.
        let _ = socket.set_nodelay(true);
        let stream = self
            .tls
            .connect(&self.host, socket, CONNECT_TIMEOUT)
            .await
            .map_err(|source| ClientError::Handshake { authority: authority.clone(), source })?;
        let host = HeaderValue::from_str(&authority).map_err(|error| ClientError::Broken(error.to_string()))?;
        let sender = Sender::over(stream, host).await.map_err(broken)?;
        Ok(Connection { sender, language: self.language, member: self.member.clone() })
    }

    /// GETs `path` and reads the JSON answer.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn json<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        read_json(&self.connect().await?.get(path).await?)
    }
}

/// An open connection; requests follow each other.
pub struct Connection {
    sender: Sender,
    language: Language,
    member: Option<PartyId>,
}

fn broken(error: hyper::Error) -> ClientError {
    let cause = std::error::Error::source(&error).map_or_else(String::new, |cause| format!(": {cause}"));
    ClientError::Broken(format!("{error}{cause}"))
}

impl Connection {
    /// GETs `path` and reads the whole answer.
    ///
    /// # Errors
    /// [`ClientError`], with the registry's problem when it refused.
    pub async fn get(&mut self, path: &str) -> Result<Bytes, ClientError> {
        whole(self.send(Method::GET, path, None, Bytes::new()).await?).await
    }

    /// POSTs `body` of `media_type` and reads the whole answer.
    ///
    /// # Errors
    /// [`ClientError`], with the registry's problem when it refused.
    pub async fn post(&mut self, path: &str, media_type: &'static str, body: Bytes) -> Result<Bytes, ClientError> {
        whole(self.send(Method::POST, path, Some(media_type), body).await?).await
    }

    /// GETs `path` in the form of `media_type` and reads the whole answer.
    ///
    /// # Errors
    /// [`ClientError`], with the registry's problem when it refused.
    pub async fn fetch_as(&mut self, path: &str, media_type: &'static str) -> Result<Bytes, ClientError> {
        let mut request = self.request(Method::GET, path, None, Bytes::new())?;
        request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static(media_type));
        whole(self.timely(request).await?).await
    }

    /// PUTs `body` of `media_type` and reads the whole answer.
    ///
    /// # Errors
    /// [`ClientError`], with the registry's problem when it refused.
    pub async fn put(&mut self, path: &str, media_type: &'static str, body: Bytes) -> Result<Bytes, ClientError> {
        whole(self.send(Method::PUT, path, Some(media_type), body).await?).await
    }

    /// DELETEs `path`.
    ///
    /// # Errors
    /// [`ClientError`], with the registry's problem when it refused.
    pub async fn delete(&mut self, path: &str) -> Result<(), ClientError> {
        whole(self.send(Method::DELETE, path, None, Bytes::new()).await?).await.map(drop)
    }

    /// GETs `path` as a stream, resuming after `last_event_id`.
    ///
    /// # Errors
    /// [`ClientError`], with the registry's problem when it refused.
    pub async fn stream(&mut self, path: &str, last_event_id: Option<&str>) -> Result<Incoming, ClientError> {
        let mut request = self.request(Method::GET, path, None, Bytes::new())?;
        if let Some(id) = last_event_id {
            let id = HeaderValue::from_str(id).map_err(|error| ClientError::Broken(error.to_string()))?;
            request.headers_mut().insert("last-event-id", id);
        }
        let answer = self.answer(request).await?;
        if answer.status() == StatusCode::OK { Ok(answer.into_body()) } else { Err(problem(answer).await) }
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        media_type: Option<&'static str>,
        body: Bytes,
    ) -> Result<warp::http::Response<Incoming>, ClientError> {
        let request = self.request(method, path, media_type, body)?;
        self.timely(request).await
    }

    async fn timely(&mut self, request: Request<Full<Bytes>>) -> Result<warp::http::Response<Incoming>, ClientError> {
        tokio::time::timeout(ANSWER_TIMEOUT, self.answer(request)).await.map_err(|_| ClientError::Slow)?
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        media_type: Option<&'static str>,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, ClientError> {
        let request = self.sender.request(method, path, body);
        let mut request = request.map_err(|error| ClientError::Broken(error.to_string()))?;
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(self.language.as_str()));
        if let Some(member) = &self.member {
            let member = HeaderValue::from_str(member.as_str());
            headers.insert(ON_BEHALF_OF, member.map_err(|error| ClientError::Broken(error.to_string()))?);
        }
        headers.extend(media_type.map(|media_type| (header::CONTENT_TYPE, HeaderValue::from_static(media_type))));
        Ok(request)
    }

    async fn answer(&mut self, request: Request<Full<Bytes>>) -> Result<warp::http::Response<Incoming>, ClientError> {
        self.sender.send(request).await.map_err(broken)
    }
}

/// Reads a JSON answer.
///
/// # Errors
/// [`ClientError::Unreadable`].
pub fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, ClientError> {
    serde_json::from_slice(body).map_err(|error| ClientError::Unreadable(error.to_string()))
}

async fn whole(answer: warp::http::Response<Incoming>) -> Result<Bytes, ClientError> {
    if !answer.status().is_success() {
        return Err(problem(answer).await);
    }
    read(answer).await
}

async fn read(answer: warp::http::Response<Incoming>) -> Result<Bytes, ClientError> {
    let body = tokio::time::timeout(ANSWER_TIMEOUT, Limited::new(answer.into_body(), MAX_ANSWER).collect()).await;
    Ok(body.map_err(|_| ClientError::Slow)?.map_err(|error| ClientError::Broken(error.to_string()))?.to_bytes())
}

async fn problem(answer: warp::http::Response<Incoming>) -> ClientError {
    #[derive(serde::Deserialize)]
    struct Details {
        r#type: String,
        title: String,
        detail: String,
    }
    let status = answer.status().as_u16();
    match read(answer).await.map(|body| serde_json::from_slice::<Details>(&body)) {
        Ok(Ok(details)) => ClientError::Problem {
            status,
            code: details.r#type.rsplit('#').next().unwrap_or_default().to_owned(),
            title: details.title,
            detail: details.detail,
        },
        Ok(Err(_)) => ClientError::Unreadable(format!("status {status} without problem details")),
        Err(error) => error,
    }
}
