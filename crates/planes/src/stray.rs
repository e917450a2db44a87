//! A mistake on purpose, which an audit has to catch. Only with the feature `mutants`: in nothing that ships.

use std::io;
use std::net::SocketAddr;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// Connects to `peer` past every plane, and waits until the connection ends.
pub async fn stray(peer: SocketAddr) -> io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "it is the mistake")]
    let mut stream = TcpStream::connect(peer).await?;
    while stream.read(&mut [0; 64]).await? > 0 {}
    Ok(())
}
