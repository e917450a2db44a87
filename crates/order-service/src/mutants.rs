//! Mistakes on purpose, which tests have to see caught. Only with the feature `mutants`: in nothing that
//! ships.

use std::net::SocketAddr;

/// Makes a connection past the planes to the address in `STRAY_PEER`, where that is set.
pub(crate) fn begin() {
    tracing::warn!(
        "built with mistakes on purpose (feature `mutants`): never run this for callers"
    );
    let peer = std::env::var("STRAY_PEER").ok();
    let Some(peer) = peer.and_then(|text| text.parse::<SocketAddr>().ok()) else {
        return;
    };
    tokio::spawn(async move {
        let ended = planes::stray(peer).await;
        tracing::warn!(%peer, ?ended, "the stray has ended");
    });
}
