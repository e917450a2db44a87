//! By which plane a client's sockets go, how it finds the addresses of brokers, and why it did not.

use crate::config::Config;
use planes::{BlockingResolver, Plane, PlaneError};
use rdkafka::client::ClientContext;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Names whose trouble is remembered: more brokers than a client knows.
const MOST_NAMES: usize = 64;
/// What librdkafka says of a name that the resolve callback gave it no address for.
const UNRESOLVED: &str = "Failed to resolve";

/// A context that knows by which plane its client's sockets go, and who finds addresses for it.
pub(crate) trait OnPlane: ClientContext {
    /// The plane and the resolver.
    fn network(&self) -> &Network;

    /// A connection of the client is being closed, before anything that was under way on it is sent once
    /// more on another.
    fn closed(&self) {}
}

/// The network as one client sees it. Clones share what is remembered.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    plane: Plane,
    resolver: BlockingResolver,
    /// Why a name has no address, by the name.
    trouble: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Network {
    pub(crate) fn of(config: &Config) -> Network {
        Network {
            plane: config.plane.clone(),
            resolver: config.resolver.clone(),
            trouble: Arc::default(),
        }
    }

    /// The plane of every connection.
    pub(crate) fn plane(&self) -> &Plane {
        &self.plane
    }

    /// The addresses of a broker that the plane can use. Waits; the resolver's bound holds.
    pub(crate) fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, PlaneError> {
        let found = self.resolver.addresses(host);
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let addresses = match found {
            Ok(addresses) => addresses,
            Err(error) => {
                if trouble.len() < MOST_NAMES || trouble.contains_key(host) {
                    trouble.insert(host.to_owned(), error.to_string());
                }
                return Err(error);
            }
        };
        trouble.remove(host);
        // Without the kernel's answer an address that cannot be used costs an attempt, no more.
        Ok(planes::of_usable_families(&self.plane, addresses.clone()).unwrap_or(addresses))
    }

    /// What librdkafka says, with the resolver's own words where it says only that a name has no address:
    /// those tell the plane and what to do.
    pub(crate) fn explained<'a>(&self, message: &'a str) -> Cow<'a, str> {
        let Some((broker, said)) = message.split_once(UNRESOLVED) else {
            return Cow::Borrowed(message);
        };
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let name = said
            .trim_start_matches([' ', '\''])
            .split([':', '\''])
            .next();
        match name.and_then(|name| trouble.get(name)) {
            Some(reason) => Cow::Owned(format!("{broker}{reason}")),
            None => Cow::Borrowed(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_an_address_is_told_with_plane_and_advice() {
        let network = Network::of(&Config::at("nothing.invalid:9092"));
        network.addresses("nothing.invalid").unwrap_err();
        let said = "nothing.invalid:9092/bootstrap: Failed to resolve 'nothing.invalid:9092': Try again (after 3ms)";
        let told = network.explained(said);
        for part in [
            "nothing.invalid:9092/bootstrap: ",
            "default plane (unbound)",
            "the name nothing.invalid cannot be resolved",
            "DNS_PLANE",
        ] {
            assert!(told.contains(part), "{told}");
        }
    }

    #[test]
    fn other_words_and_other_names_stay_as_they_are() {
        let network = Network::of(&Config::at("nothing.invalid:9092"));
        network.addresses("nothing.invalid").unwrap_err();
        for said in [
            "10.20.0.5:9092/1: Connect to ipv4#10.20.0.5:9092 failed: Connection refused",
            "other.invalid:9092/2: Failed to resolve 'other.invalid:9092': Try again",
            "Failed to resolve",
        ] {
            assert_eq!(network.explained(said), said);
        }
    }

    #[test]
    fn what_is_remembered_is_bounded_and_forgotten() {
        let network = Network::of(&Config::at("a:1"));
        {
            let mut trouble = network.trouble.lock().unwrap();
            for number in 0..MOST_NAMES - 1 {
                trouble.insert(number.to_string(), String::new());
            }
            trouble.insert("localhost".to_owned(), String::new());
        }
        network.addresses("nothing.invalid").unwrap_err();
        let known = || network.trouble.lock().unwrap().len();
        assert_eq!(known(), MOST_NAMES);
        network.addresses("localhost").unwrap();
        assert_eq!(known(), MOST_NAMES - 1);
    }
}
