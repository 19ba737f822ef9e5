//! Which HTTP a client speaks, by what it says first: what was agreed on in the handshake (ALPN) binds no client, and some name nothing.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// What every connection of HTTP/2 begins with, and none of HTTP/1.1.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection on which something was said; it is read again.
pub(super) struct Begun<IO> {
    said: Bytes,
    io: IO,
    /// Whether it is the beginning of HTTP/2.
    pub(super) is_http2: bool,
}

impl<IO: AsyncRead + Unpin> Begun<IO> {
    /// Reads until it is certain, or the client ended.
    pub(super) async fn read(mut io: IO) -> io::Result<Begun<IO>> {
        let mut said = BytesMut::new();
        while said.len() < PREFACE.len() && PREFACE.starts_with(&said) {
            let left = PREFACE.len() - said.len();
            let mut more = (&mut io).take(u64::try_from(left).map_err(io::Error::other)?);
            if more.read_buf(&mut said).await? == 0 {
                break;
            }
        }
        Ok(Begun { is_http2: said == PREFACE, said: said.freeze(), io })
    }

    /// The connection alone, when what was said first was read again.
    pub(super) fn into_inner(self) -> IO {
        self.io
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Begun<IO> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.said.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buf);
        }
        let length = self.said.len().min(buf.remaining());
        buf.put_slice(&self.said.split_to(length));
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Begun<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tokio::io::{AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn what_is_said_first_decides_and_is_read_again_in_whatever_pieces_it_comes() {
        let two = [PREFACE, b"and more"].concat();
        let words = [
            (&b""[..], false),
            (b"G", false),
            (b"GET / HTTP/1.1\r\n\r\n", false),
            (b"POST /a/path/longer/than/a/preface HTTP/1.1\r\n\r\n", false),
            (b"PRI", false),
            (b"PROPFIND / HTTP/1.1\r\n\r\n", false),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r.", false),
            (PREFACE, true),
            (&two, true),
        ];
        for (words, is_http2) in words {
            for piece in [1, 5, 100] {
                let (mut client, ours) = duplex(1024);
                let say = async {
                    for piece in words.chunks(piece) {
                        client.write_all(piece).await.unwrap();
                        tokio::task::yield_now().await;
                    }
                    drop(client);
                };
                let hear = async {
                    let mut begun = Begun::read(ours).await.unwrap();
                    let mut again = Vec::new();
                    let is_http2 = begun.is_http2;
                    begun.read_to_end(&mut again).await.unwrap();
                    (is_http2, again)
                };
                let ((), heard) = tokio::join!(say, hear);
                assert_eq!(heard, (is_http2, words.to_vec()), "by {piece}");
            }
        }
    }
}
