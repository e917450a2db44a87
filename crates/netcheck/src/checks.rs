//! The checks, each a function of what was found.

mod kernel;
mod links;
mod routes;
mod status;

use crate::catalogue::Check;
use crate::finding::{CannotTell, Finding, Report};
use crate::pod::Pod;

/// Judges a pod.
pub fn judge(pod: &Pod) -> Report {
    let mut told = Told::default();
    links::check(pod, &mut told);
    status::check(pod, &mut told);
    routes::check(pod, &mut told);
    kernel::check(pod, &mut told);
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

    fn cannot_tell(&mut self, id: &'static str, reason: &str) {
        self.0.cannot_tell.push(CannotTell {
            id,
            reason: reason.to_owned(),
        });
    }
}
