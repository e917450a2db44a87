//! Mistakes on purpose, which tests have to see caught. Only with the feature `mutants`: in nothing that
//! ships.

use crate::config::Config;
use planes::Elsewhere;
use std::net::SocketAddr;

/// Makes the mistake of `PLANES_MUTANT`, where that is set, before the first socket is made.
pub(crate) fn choose(config: &Config) -> Result<(), String> {
    let Ok(name) = std::env::var("PLANES_MUTANT") else {
        return Ok(());
    };
    let index = std::env::var("PLANES_MUTANT_INDEX").ok();
    let interface = config
        .planes
        .data
        .interface()
        .unwrap_or_default()
        .to_owned();
    let elsewhere = Elsewhere {
        interface,
        index: index.and_then(|text| text.parse().ok()).unwrap_or(1),
    };
    planes::make_mistake(&name, elsewhere)
}

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
