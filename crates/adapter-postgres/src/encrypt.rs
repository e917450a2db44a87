//! TLS to PostgreSQL: asked for in PostgreSQL's own words, then a handshake, then the relay's bytes.

use async_trait::async_trait;
use planes::{Far, Greet};
use std::io;
use tls::{ClientTls, TlsError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// `SSLRequest`: its own length and the code 1234.5679
/// (<https://www.postgresql.org/docs/current/protocol-message-formats.html>).
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Encrypts each connection to a server that must prove to be `host`.
#[derive(Debug)]
pub(crate) struct Encrypt {
    pub(crate) tls: ClientTls,
    pub(crate) host: String,
}

#[async_trait]
impl Greet for Encrypt {
    async fn greet(&self, mut stream: TcpStream) -> io::Result<Box<dyn Far>> {
        stream.write_all(&SSL_REQUEST).await?;
        // One byte and no more: what came in the clear behind it must not pass for encrypted
        // (CVE-2021-23222).
        let mut answer = [0];
        stream.read_exact(&mut answer).await?;
        match answer[0] {
            b'S' => {
                let secured = self.tls.connect(&self.host, stream).await;
                Ok(Box::new(secured.map_err(io::Error::other)?))
            }
            b'N' => Err(io::Error::other(
                "the server takes no TLS (ssl = on in postgresql.conf), and database_tls_mode asks for it",
            )),
            other => Err(io::Error::other(format!(
                "asked for TLS it answered {:?}; is it PostgreSQL?",
                char::from(other)
            ))),
        }
    }

    fn explain(&self, error: &io::Error) -> Option<String> {
        TlsError::within(&self.host, error).map(|reason| reason.to_string())
    }
}
