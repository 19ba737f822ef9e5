//! A wire between two registries that can be cut: a port that passes bytes on to another one, or does not.
//!
//! A cut ends what is open and lets nothing in, as a cable would; both programs run on and know nothing of it beforehand. Out of
//! scope: bytes that are changed on the way, which TLS is there for.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::ports;

/// A wire, whole at first. When this goes, it is cut for good.
#[derive(Debug)]
pub struct Wire {
    near: SocketAddr,
    whole: watch::Sender<bool>,
    passing: JoinHandle<()>,
}

impl Wire {
    /// A wire to whoever listens at `far`, `host:port`.
    ///
    /// # Panics
    /// When there is no port for its near end.
    pub async fn to(far: &str) -> Wire {
        let near = ports::free();
        let listener = TcpListener::bind(near).await.expect("a free port can be bound");
        let (whole, state) = watch::channel(true);
        let passing = tokio::spawn(pass_on(listener, far.to_owned(), state));
        Wire { near, whole, passing }
    }

    /// Where to dial instead of its far end: the same host name, which certificates are about, and another port.
    pub fn near(&self) -> String {
        format!("localhost:{}", self.near.port())
    }

    /// Ends every connection over it, and lets none through until [`Wire::mend`].
    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Makes it whole again.
    pub fn mend(&self) {
        self.whole.send_replace(true);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.passing.abort();
        self.cut();
    }
}

async fn pass_on(listener: TcpListener, far: String, whole: watch::Receiver<bool>) {
    while let Ok((near, _)) = listener.accept().await {
        if *whole.borrow() {
            tokio::spawn(connection(near, far.clone(), whole.clone()));
        }
    }
}

/// One connection, until either end closes it or the wire is cut.
async fn connection(mut near: TcpStream, far: String, mut whole: watch::Receiver<bool>) {
    let Ok(mut far) = TcpStream::connect(far).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut near, &mut far) => {}
        _ = whole.wait_for(|whole| !whole) => {}
    }
}
