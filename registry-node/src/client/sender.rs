//! One HTTP connection as a client has it: HTTP/2 or HTTP/1.1, by what both ends agreed on, with bounds on what comes back.
//!
//! Out of scope: whom to connect to, time limits, and what is said.

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::header::{HOST, HeaderValue};
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

/// Bytes of the head of an answer, and of what was read and not taken.
const BUFFER: usize = 64 * 1024;

/// An open connection; requests follow each other.
pub(crate) struct Sender {
    way: Way,
    host: HeaderValue,
}

enum Way {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Sender {
    /// Speaks HTTP over `stream` with `host`.
    ///
    /// # Errors
    /// The other end does not speak it.
    pub(crate) async fn over(stream: certs::Stream<TcpStream>, host: HeaderValue) -> hyper::Result<Sender> {
        // The end of a connection is seen by whoever waits for an answer.
        let way = if stream.is_http2() {
            let builder = http2::Builder::new(TokioExecutor::new());
            let (sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
            tokio::spawn(async { drop(connection.await) });
            Way::Http2(sender)
        } else {
            let mut builder = http1::Builder::new();
            let (sender, connection) = builder.max_buf_size(BUFFER).handshake(TokioIo::new(stream)).await?;
            tokio::spawn(async { drop(connection.await) });
            Way::Http1(sender)
        };
        Ok(Sender { way, host })
    }

    /// A request on this connection, without further headers.
    ///
    /// # Errors
    /// `path` is not one.
    pub(crate) fn request(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        // HTTP/2 takes the authority from the URI, HTTP/1.1 from the header; each ignores the other.
        let uri = match (&self.way, self.host.to_str()) {
            (Way::Http2(_), Ok(host)) => format!("https://{host}{path}"),
            _ => path.to_owned(),
        };
        let mut request = Request::builder().method(method).uri(uri);
        if matches!(self.way, Way::Http1(_)) {
            request = request.header(HOST, &self.host);
        }
        request.body(Full::new(body))
    }

    /// Waits until a request can be sent; whether it can: the other end may have closed the connection after the last one.
    pub(crate) async fn is_ready(&mut self) -> bool {
        match &mut self.way {
            Way::Http1(sender) => sender.ready().await.is_ok(),
            Way::Http2(sender) => sender.ready().await.is_ok(),
        }
    }

    /// Sends a request and reads the head of the answer.
    ///
    /// # Errors
    /// The connection broke.
    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> hyper::Result<Response<Incoming>> {
        match &mut self.way {
            Way::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
            Way::Http2(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
        }
    }
}
