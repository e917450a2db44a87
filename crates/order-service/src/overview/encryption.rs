//! How much of what stands now is encrypted, and how long certificates last.

use super::readings::Connections;
use crate::certificates::{self, DAY_SECONDS};
use crate::config::Config;
use crate::partners;
use adapter_management::{Certificate, Encryption};
use order_core::domain::Timestamp;
use planes::PlaneKind;
use std::collections::BTreeMap;
use tls::{About, ServerTls};
use topology::Protection;

/// What is known from the start.
pub(crate) struct Secrets {
    /// Listeners whose callers prove themselves, and clients that do, by their names.
    proved: Vec<&'static str>,
    certificates: Vec<(certificates::Label, certificates::Read)>,
}

impl Secrets {
    pub(crate) fn of(
        config: &Config,
        certificates: Vec<(certificates::Label, certificates::Read)>,
    ) -> Secrets {
        let tls = &config.listeners_tls;
        let asks =
            |tls: &Option<ServerTls>| tls.as_ref().is_some_and(|tls| tls.client_ca_file.is_some());
        let listeners = [
            ("http", asks(&tls.http)),
            ("grpc", asks(&tls.grpc)),
            ("mgmt", asks(&tls.management)),
        ];
        let listeners = listeners.into_iter().filter(|(_, proved)| *proved);
        let partners = partners::of(config).into_iter();
        let partners = partners.filter(|one| one.protection == Protection::Mutual);
        let proved = listeners
            .map(|(name, _)| name)
            .chain(partners.map(|one| one.name));
        Secrets {
            proved: proved.collect(),
            certificates,
        }
    }

    /// As of `now`, seconds since 1970, UTC.
    pub(super) fn show(&self, connections: &BTreeMap<String, Connections>, now: i64) -> Encryption {
        let mut shown = Encryption::default();
        for (whose, count) in connections {
            let encrypted = count.all.saturating_sub(count.unencrypted);
            shown.connections += count.all;
            shown.unencrypted += count.unencrypted;
            shown.encrypted += encrypted;
            if self.proved.contains(&whose.as_str()) {
                shown.with_client_certificate += encrypted;
            }
        }
        let certificates = self.certificates.iter();
        shown.certificates = certificates
            .filter_map(|(label, read)| Some(certificate(*label, &read()?, now)))
            .collect();
        shown
    }
}

fn certificate([(side, name)]: certificates::Label, about: &About, now: i64) -> Certificate {
    let plane = match name {
        "mgmt" => PlaneKind::Management,
        "database" | "redis" => PlaneKind::Storage,
        _ => PlaneKind::Data,
    };
    let left = about.not_after.saturating_sub(now);
    let life = about.not_after.saturating_sub(about.not_before).max(1);
    // A certificate that is not valid yet has all of its life before it.
    let percent = left.saturating_mul(100).div_euclid(life).clamp(0, 100);
    let not_after = Timestamp::from_millis(about.not_after.saturating_mul(1_000));
    Certificate {
        plane: plane.name().to_owned(),
        usage: format!("{side} {name}"),
        subject: about.subject.clone(),
        not_after: order_json::format_timestamp(not_after.unwrap_or(Timestamp::MAX)),
        days_left: left.div_euclid(DAY_SECONDS),
        life_left_percent: u8::try_from(percent).unwrap_or(100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn shares_are_of_the_connections_that_stand_now() {
        let secrets = Secrets {
            proved: vec!["http", "database"],
            certificates: Vec::new(),
        };
        let count = |all, unencrypted| Connections { all, unencrypted };
        let connections = [
            ("http", count(10, 0)),
            ("grpc", count(5, 0)),
            ("probes", count(2, 2)),
            ("database", count(3, 0)),
        ];
        let connections = connections.map(|(name, count)| (name.to_owned(), count));
        let shown = secrets.show(&BTreeMap::from(connections), 0);
        assert_eq!((shown.connections, shown.encrypted), (20, 18));
        assert_eq!((shown.unencrypted, shown.with_client_certificate), (2, 13));
    }

    #[test]
    fn a_certificates_life_is_told_in_days_and_percent() {
        let about = About {
            subject: "CN=orders".to_owned(),
            not_before: 0,
            not_after: 100 * DAY_SECONDS,
        };
        let read = about.clone();
        let secrets = Secrets {
            proved: Vec::new(),
            certificates: vec![
                ([("client", "redis")], Arc::new(move || Some(read.clone()))),
                ([("client", "kafka")], Arc::new(|| None)),
            ],
        };
        let at = |days: i64| {
            let shown = secrets.show(&BTreeMap::new(), days * DAY_SECONDS + 1);
            let [one] = shown.certificates.as_slice() else {
                panic!("{shown:?}")
            };
            (one.days_left, one.life_left_percent)
        };
        assert_eq!(at(0), (99, 99));
        assert_eq!(at(81), (18, 18));
        assert_eq!(at(100), (-1, 0));
        assert_eq!(at(-5), (104, 100));
        let shown = certificate([("client", "redis")], &about, 0);
        assert_eq!(
            (shown.plane.as_str(), shown.usage.as_str()),
            ("storage", "client redis")
        );
        assert_eq!(shown.not_after, "1970-04-11T00:00:00.000Z");
    }
}
