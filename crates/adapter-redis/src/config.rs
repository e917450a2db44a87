//! Where Redis is, and every bound of the adapter.

use crate::error::UnusableUrl;
use order_core::domain::OrderId;
use percent_encoding::percent_decode_str;
use planes::{Peer, Plane, PlaneKind, Resolver};
use std::fmt;
use std::time::Duration;
use tls::ClientTls;

/// Where Redis listens unless told otherwise.
pub const DEFAULT_PORT: u16 = 6379;

/// How Redis is reached and used. The defaults are for production.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens.
    pub peer: Peer,
    /// Finds its addresses where it has a name.
    pub resolver: Resolver,
    /// The plane by which every connection goes.
    pub plane: Plane,
    /// How it is trusted; `None`: nothing is encrypted.
    pub tls: Option<ClientTls>,
    /// The ACL user; `None`: Redis's default one.
    pub user: Option<String>,
    /// With what the user signs in; `None`: nobody signs in.
    pub password: Option<Secret>,
    /// The database, from 0.
    pub database: u32,
    /// What every key begins with. Deployments that share a server must differ.
    pub prefix: String,
    /// How long a call may take; then the caller goes on without, and so does everybody until Redis
    /// answers again.
    pub call_timeout: Duration,
    /// How long connecting and signing in may take.
    pub connect_timeout: Duration,
    /// How often a silent connection is asked whether it lives, and the server for its time.
    pub ping_interval: Duration,
    /// The first pause before connecting again.
    pub first_pause: Duration,
    /// The longest.
    pub longest_pause: Duration,
    /// How long an entry is kept after it was written: the oldest copy that anybody can be given.
    pub entry_lifetime: Duration,
    /// Bytes of an order that is still kept.
    pub max_value_bytes: usize,
    /// Callers whose buckets this process keeps while Redis is away, at most.
    pub max_local_callers: usize,
}

impl Config {
    /// The default bounds, at this peer.
    pub fn at(peer: impl Into<Peer>) -> Config {
        Config {
            peer: peer.into(),
            resolver: Resolver::new(Plane::unbound(PlaneKind::Default)),
            plane: Plane::unbound(PlaneKind::Storage),
            tls: None,
            user: None,
            password: None,
            database: 0,
            prefix: "orders".to_owned(),
            call_timeout: Duration::from_millis(50),
            connect_timeout: Duration::from_secs(1),
            ping_interval: Duration::from_secs(1),
            first_pause: Duration::from_millis(50),
            longest_pause: Duration::from_secs(2),
            entry_lifetime: Duration::from_hours(1),
            max_value_bytes: 512 << 10,
            max_local_callers: 100_000,
        }
    }

    /// The default bounds, at `redis://USER:PASSWORD@HOST:PORT/DATABASE`; `rediss://` speaks TLS and
    /// trusts whom this machine trusts. What is not understood is refused; messages never show the
    /// password.
    pub fn from_url(url: &str) -> Result<Config, UnusableUrl> {
        let (tls, rest) = match url.split_once("://") {
            Some(("redis", rest)) => (None, rest),
            Some(("rediss", rest)) => (Some(ClientTls::default()), rest),
            _ => {
                return Err(UnusableUrl("it must begin with redis:// or rediss://"));
            }
        };
        if rest.contains(['?', '#']) {
            return Err(UnusableUrl("it takes no parameters"));
        }
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let (user, password) = (decoded(user)?, decoded(password)?);
        if password.is_empty() && !user.is_empty() {
            return Err(UnusableUrl(
                "a user needs a password: redis://USER:PASSWORD@HOST",
            ));
        }
        let database = match database {
            "" => 0,
            digits => digits
                .parse()
                .map_err(|_| UnusableUrl("its database must be a number"))?,
        };
        Ok(Config {
            user: (!user.is_empty()).then_some(user),
            password: (!password.is_empty()).then_some(Secret(password)),
            database,
            tls,
            ..Config::at(host_and_port(host)?)
        })
    }
}

impl Config {
    /// Where an order's copy is.
    pub(crate) fn order_key(&self, order_id: OrderId) -> String {
        format!("{}:order:{order_id}", self.prefix)
    }

    /// Where the mark of the server's clock is.
    pub(crate) fn clock_key(&self) -> String {
        format!("{}:clock", self.prefix)
    }
}

fn host_and_port(text: &str) -> Result<Peer, UnusableUrl> {
    // A colon within brackets belongs to an IPv6 address.
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let port = port.map_or(Some(DEFAULT_PORT), |port| port.parse().ok());
    let port = port
        .filter(|port| *port > 0)
        .ok_or(UnusableUrl("its port must be a number from 1 to 65535"))?;
    Peer::new(host, port).map_err(|_| {
        UnusableUrl("its host must be a name or an address, an IPv6 address in brackets")
    })
}

fn decoded(text: &str) -> Result<String, UnusableUrl> {
    percent_decode_str(text)
        .decode_utf8()
        .map(String::from)
        .map_err(|_| UnusableUrl("its percent signs must stand for UTF-8"))
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_read() {
        let config = Config::from_url("redis://me:p%40ss@10.30.0.11:6380/3").unwrap();
        assert_eq!(config.peer.to_string(), "10.30.0.11:6380");
        assert_eq!(config.user.as_deref(), Some("me"));
        assert_eq!(config.password, Some(Secret("p@ss".into())));
        assert_eq!(config.database, 3);
        assert!(!format!("{config:?}").contains("p@ss"));
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let config = Config::from_url("redis://[::1]").unwrap();
        assert_eq!(config.peer.to_string(), "[::1]:6379");
        assert_eq!(
            (config.user, config.password, config.database),
            (None, None, 0)
        );
        let config = Config::from_url("redis://:pw@cache.example/").unwrap();
        assert_eq!(config.peer.to_string(), "cache.example:6379");
        assert_eq!(config.tls, None);
        assert_eq!(
            (config.user, config.password),
            (None, Some(Secret("pw".into())))
        );
    }

    #[test]
    fn its_scheme_says_whether_it_is_encrypted() {
        let config = Config::from_url("rediss://cache.example").unwrap();
        assert_eq!(config.tls, Some(ClientTls::default()));
    }

    #[test]
    fn what_is_not_understood_is_refused_without_the_password() {
        for (url, reason) in [
            ("http://me:secret@10.0.0.1", "redis://"),
            ("redis://me:secret@", "a name or an address"),
            ("redis://me:secret@10.0.0.300", "a name or an address"),
            ("redis://me:secret@10.0.0.1:0", "port"),
            ("redis://me:secret@10.0.0.1:x", "port"),
            ("redis://me:secret@10.0.0.1/one", "number"),
            ("redis://me:secret@10.0.0.1/0?x=1", "parameters"),
            ("redis://me@10.0.0.1", "password"),
            ("redis://me:secret%FF@10.0.0.1", "UTF-8"),
        ] {
            let text = Config::from_url(url).unwrap_err().to_string();
            assert!(text.contains(reason) && !text.contains("secret"), "{text}");
        }
    }
}
