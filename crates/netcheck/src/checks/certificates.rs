//! TLS001, TLS002: certificates that end, and files that are not in use.

use super::Told;
use crate::finding::Severity;
use crate::pod::{Certificate, Pod};

const DAY_SECONDS: i64 = 86_400;

pub(super) fn check(pod: &Pod, told: &mut Told) {
    for certificate in &pod.certificates {
        one(certificate, told);
    }
}

fn one(certificate: &Certificate, told: &mut Told) {
    let Certificate {
        name, file, now, ..
    } = certificate;
    let (from, until) = match &certificate.validity {
        Ok(validity) => *validity,
        // The service would not have started with it, so it has changed since.
        Err(reason) => return told.found("TLS002", name, reason.clone()),
    };
    if let Some(in_use) = certificate.in_use_until.filter(|in_use| *in_use != until) {
        let evidence = format!(
            "{file} is valid for {} more days, what is in use for {}",
            days(until - now),
            days(in_use - now)
        );
        told.found("TLS002", name, evidence);
    }
    let (left, life) = (until - now, until - from);
    if left < 0 {
        let evidence = format!("{file} expired {} days ago", days(-left));
        told.weighed("TLS001", Severity::Critical, name, evidence);
    } else if left.saturating_mul(5) < life {
        let evidence = format!(
            "{file} is valid for {} more of its {} days",
            days(left),
            days(life)
        );
        told.found("TLS001", name, evidence);
    }
    if *now < from {
        let evidence = format!(
            "{file} is valid in {} days only: is this clock right?",
            days(from - now)
        );
        told.weighed("TLS001", Severity::Critical, name, evidence);
    }
}

fn days(seconds: i64) -> i64 {
    seconds.div_euclid(DAY_SECONDS)
}
