//! The pod's sockets as `ss` shows them: somebody else's word for what each is bound to.

use crate::namespace::succeed;
use crate::network::{Network, Pod};

/// A socket of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// `tcp`, `udp`.
    pub kind: String,
    /// `LISTEN`, `ESTAB`, ….
    pub state: String,
    /// As `ss` shows it: `10.20.0.100%net2:8080`.
    pub local: String,
    /// The other end.
    pub peer: String,
}

impl Bound {
    /// The interface that it is bound to.
    pub fn interface(&self) -> Option<&str> {
        let (_, rest) = self.local.split_once('%')?;
        rest.split(':').next()
    }

    /// What is wrong with it: it is bound to none, or to another network's than its addresses are of.
    pub fn fault(&self) -> Option<String> {
        let Some(interface) = self.interface() else {
            return Some(format!(
                "{} {} → {} is bound to no interface",
                self.kind, self.local, self.peer
            ));
        };
        let foreign = |network: &Network| {
            let begin = format!("{}.", network.prefix());
            network.interface() != interface
                && (self.local.starts_with(&begin) || self.peer.starts_with(&begin))
        };
        let network = Network::ALL.into_iter().find(foreign)?;
        Some(format!(
            "{} {} → {} is of the {} network",
            self.kind,
            self.local,
            self.peer,
            network.name()
        ))
    }
}

/// Every TCP and UDP socket that processes of the pod have open.
pub(crate) fn of_pod(pod: &Pod) -> Vec<Bound> {
    let said = succeed(pod.namespace.command("ss").args(["-Htunap"]));
    said.lines().filter_map(parse).collect()
}

/// Of a socket that no process has any more (TIME-WAIT), `ss` tells no binding.
fn parse(line: &str) -> Option<Bound> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [kind, state, _, _, local, peer, process, ..] = words.as_slice() else {
        return None;
    };
    process.starts_with("users:").then(|| Bound {
        kind: (*kind).to_owned(),
        state: (*state).to_owned(),
        local: (*local).to_owned(),
        peer: (*peer).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(line: &str) -> Bound {
        parse(line).unwrap()
    }

    #[test]
    fn a_socket_on_its_plane_has_no_fault() {
        let line = r#"tcp   ESTAB 0 0  10.30.0.100%net3:49152  10.30.0.10:5432 users:(("order-service",pid=7,fd=9))"#;
        let socket = socket(line);
        assert_eq!(socket.interface(), Some("net3"));
        assert_eq!(socket.fault(), None);
    }

    #[test]
    fn what_is_bound_to_nothing_or_to_another_network_is_told() {
        let unbound =
            r#"tcp LISTEN 0 4096 0.0.0.0:8080 0.0.0.0:* users:(("order-service",pid=7,fd=9))"#;
        assert!(socket(unbound).fault().unwrap().contains("no interface"));
        let wrong = r#"tcp SYN-SENT 0 1 10.20.0.100%net2:49152 10.30.0.10:5432 users:(("order-service",pid=7,fd=9))"#;
        assert!(socket(wrong).fault().unwrap().contains("storage network"));
    }

    #[test]
    fn what_nobody_has_open_is_left_out() {
        assert_eq!(
            parse("tcp TIME-WAIT 0 0 10.20.0.100:8080 10.20.0.60:4711"),
            None
        );
    }
}
