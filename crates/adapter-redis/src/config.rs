//! Where Redis is, and every bound of the adapter.

use crate::error::UnusableUrl;
use percent_encoding::percent_decode_str;
use planes::{Plane, PlaneKind};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Where Redis listens unless told otherwise.
pub const DEFAULT_PORT: u16 = 6379;

/// How Redis is reached and used. The defaults are for production.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens.
    pub address: SocketAddr,
    /// The plane by which every connection goes.
    pub plane: Plane,
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
    /// The default bounds, at this address.
    pub fn at(address: SocketAddr) -> Config {
        Config {
            address,
            plane: Plane::unbound(PlaneKind::Storage),
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

    /// The default bounds, at `redis://USER:PASSWORD@HOST:PORT/DATABASE`; the host is an address or
    /// `localhost`. What is not understood is refused; messages never show the password.
    pub fn from_url(url: &str) -> Result<Config, UnusableUrl> {
        if url.starts_with("rediss://") {
            return Err(UnusableUrl("TLS to Redis is not there yet: use redis://"));
        }
        let rest = url
            .strip_prefix("redis://")
            .ok_or(UnusableUrl("it must begin with redis://"))?;
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
            ..Config::at(host_and_port(host)?)
        })
    }
}

fn host_and_port(text: &str) -> Result<SocketAddr, UnusableUrl> {
    // A colon within brackets belongs to an IPv6 address.
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let port = port.map_or(Some(DEFAULT_PORT), |port| port.parse().ok());
    let port = port
        .filter(|port| *port > 0)
        .ok_or(UnusableUrl("its port must be a number from 1 to 65535"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let address = match host {
        "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        literal => literal.parse().ok(),
    };
    let address = address.ok_or(UnusableUrl(
        "its host must be an address: names of peers are resolved before they come here",
    ))?;
    Ok(SocketAddr::new(address, port))
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
        assert_eq!(config.address.to_string(), "10.30.0.11:6380");
        assert_eq!(config.user.as_deref(), Some("me"));
        assert_eq!(config.password, Some(Secret("p@ss".into())));
        assert_eq!(config.database, 3);
        assert!(!format!("{config:?}").contains("p@ss"));
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let config = Config::from_url("redis://[::1]").unwrap();
        assert_eq!(config.address.to_string(), "[::1]:6379");
        assert_eq!(
            (config.user, config.password, config.database),
            (None, None, 0)
        );
        let config = Config::from_url("redis://:pw@localhost/").unwrap();
        assert_eq!(
            (config.user, config.password),
            (None, Some(Secret("pw".into())))
        );
    }

    #[test]
    fn what_is_not_understood_is_refused_without_the_password() {
        for (url, reason) in [
            ("http://me:secret@10.0.0.1", "redis://"),
            ("rediss://me:secret@10.0.0.1", "TLS"),
            ("redis://me:secret@cache.example", "address"),
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
