//! The checks, each a function of what was found.

mod certificates;
mod kernel;
mod links;
mod peers;
mod routes;
mod sockets;
mod status;

use crate::catalogue::Check;
use crate::finding::{CannotTell, Finding, Report, Severity};
use crate::pod::Pod;

/// Judges a pod.
pub fn judge(pod: &Pod) -> Report {
    let mut told = Told::default();
    links::check(pod, &mut told);
    status::check(pod, &mut told);
    routes::check(pod, &mut told);
    kernel::check(pod, &mut told);
    peers::check(pod, &mut told);
    sockets::check(pod, &mut told);
    certificates::check(pod, &mut told);
    told.0.cannot_tell.extend(pod.cannot_tell.iter().cloned());
    let mut report = told.0;
    report.sort();
    report
}

/// What was found so far.
#[derive(Debug, Default)]
struct Told(Report);

impl Told {
    fn found(&mut self, id: &str, subject: &str, evidence: String) {
        // An id that the catalogue does not have would be a mistake of this crate, which its tests see.
        if let Some(check) = Check::named(id) {
            self.0.findings.push(Finding::of(check, subject, evidence));
        }
    }

    /// With advice that fits better than the check's own.
    fn advised(&mut self, id: &str, subject: &str, evidence: String, advice: &'static str) {
        if let Some(check) = Check::named(id) {
            let finding = Finding::of(check, subject, evidence);
            self.0.findings.push(Finding { advice, ..finding });
        }
    }

    /// As grave as this one is.
    fn weighed(&mut self, id: &str, severity: Severity, subject: &str, evidence: String) {
        if let Some(check) = Check::named(id) {
            let finding = Finding::of(check, subject, evidence);
            self.0.findings.push(Finding {
                severity,
                ..finding
            });
        }
    }

    fn cannot_tell(&mut self, id: &'static str, reason: &str) {
        self.0.cannot_tell.push(CannotTell {
            id,
            reason: reason.to_owned(),
        });
    }
}
