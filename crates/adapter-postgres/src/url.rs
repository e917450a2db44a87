//! `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, as far as it is understood here; what is not
//! understood is refused rather than passed over.

use crate::config::{Address, Config, Secret};
use crate::error::OpenError;
use percent_encoding::percent_decode_str;
use planes::Peer;
use std::path::PathBuf;
use tls::ClientTls;

const DEFAULT_PORT: u16 = 5432;

impl Config {
    /// The default bounds on the database of this URL. The host is an address or a name, or
    /// with `?host=/folder` the folder of a Unix socket; `?sslmode=verify-full` asks for TLS. Messages never show the password.
    pub fn from_url(url: &str) -> Result<Config, OpenError> {
        let rest = ["postgres://", "postgresql://"]
            .iter()
            .find_map(|scheme| url.strip_prefix(scheme))
            .ok_or_else(|| unusable("it must begin with postgres://"))?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = match login.split_once(':') {
            Some((user, password)) => (decoded(user)?, Some(Secret(decoded(password)?))),
            None => (decoded(login)?, None),
        };
        if user.is_empty() {
            return Err(unusable(
                "it must name a user: postgres://USER@HOST/DATABASE",
            ));
        }
        let database = match decoded(database)? {
            none if none.is_empty() => user.clone(),
            name => name,
        };
        let (host, port) = host_and_port(host)?;
        let query = query_of(query)?;
        let address = match query.folder {
            Some(folder) => Address::Socket { folder, port },
            None => Address::Tcp(peer(&host, port)?),
        };
        Ok(Config {
            password,
            tls: query.verify_full.then(ClientTls::default),
            ..Config::at(address, database, user)
        })
    }
}

fn host_and_port(text: &str) -> Result<(String, u16), OpenError> {
    // A colon within brackets belongs to an IPv6 address.
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let port = match port {
        Some(port) => port
            .parse()
            .map_err(|_| unusable("its port must be a number up to 65535"))?,
        None => DEFAULT_PORT,
    };
    Ok((decoded(host)?, port))
}

fn peer(host: &str, port: u16) -> Result<Peer, OpenError> {
    Peer::new(host, port).map_err(|error| unusable(&error.to_string()))
}

/// What stands behind the question mark.
#[derive(Debug, Default)]
struct Query {
    /// Of the socket.
    folder: Option<PathBuf>,
    verify_full: bool,
}

fn query_of(query: &str) -> Result<Query, OpenError> {
    let mut known = Query::default();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        match part.split_once('=') {
            Some(("host", path)) if decoded(path)?.starts_with('/') => {
                known.folder = Some(PathBuf::from(decoded(path)?));
            }
            Some(("sslmode", "disable" | "prefer")) => {}
            Some(("sslmode", "verify-full")) => known.verify_full = true,
            Some(("sslmode", weaker)) => {
                return Err(unusable(&format!(
                    "sslmode={weaker} does not tell who the server is: take verify-full, with database_tls_ca_file, or disable"
                )));
            }
            _ => {
                let name = part.split('=').next().unwrap_or_default();
                return Err(unusable(&format!(
                    "its parameter `{name}` is not known here; known are host=/FOLDER and sslmode=disable|verify-full"
                )));
            }
        }
    }
    Ok(known)
}

fn decoded(text: &str) -> Result<String, OpenError> {
    percent_decode_str(text)
        .decode_utf8()
        .map(String::from)
        .map_err(|_| unusable("its percent signs must stand for UTF-8"))
}

fn unusable(what: &str) -> OpenError {
    OpenError::Config {
        detail: format!("DATABASE_URL cannot be used: {what}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> String {
        Config::from_url(url).unwrap_err().to_string()
    }

    #[test]
    fn every_part_is_read() {
        let config = Config::from_url("postgres://me:p%40ss@10.30.0.10:6432/orders").unwrap();
        assert_eq!(config.address.to_string(), "10.30.0.10:6432");
        assert_eq!((&*config.user, &*config.database), ("me", "orders"));
        assert_eq!(config.password, Some(Secret("p@ss".into())));
        assert!(!format!("{config:?}").contains("p@ss"));
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let config = Config::from_url("postgresql://me@[::1]").unwrap();
        assert_eq!(config.address.to_string(), "[::1]:5432");
        assert_eq!(config.database, "me");
        let named = Config::from_url("postgres://me@order-db.orders").unwrap();
        assert_eq!(named.address.to_string(), "order-db.orders:5432");
        let socket = Config::from_url("postgres://me@localhost:7/x?host=%2Frun%2Fpg").unwrap();
        assert_eq!(socket.address.to_string(), "/run/pg/.s.PGSQL.7");
    }

    #[test]
    fn what_is_not_understood_is_refused_without_the_password() {
        for (url, reason) in [
            ("mysql://me:secret@10.0.0.1/x", "postgres://"),
            ("postgres://10.0.0.1/x", "user"),
            ("postgres://me:secret@db example/x", "HOST:PORT"),
            ("postgres://me:secret@10.0.0.1:99999/x", "port"),
            ("postgres://me:secret@10.0.0.1/x?sslmode=require", "sslmode"),
            ("postgres://me:secret@10.0.0.1/x?pool=9", "`pool`"),
        ] {
            let text = refusal(url);
            assert!(text.contains(reason) && !text.contains("secret"), "{text}");
        }
    }
}
