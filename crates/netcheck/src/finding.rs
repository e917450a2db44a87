//! What a check found, and a whole report of it.

use crate::catalogue::Check;
use serde::Serialize;
use std::fmt;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Information,
    /// It works, and may not for long.
    Warning,
    /// Traffic stops or leaves its plane.
    Critical,
}

impl Severity {
    /// As people read it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Information => "information",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// Something that a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check's id: `NET003`.
    pub id: &'static str,
    /// How grave it is.
    pub severity: Severity,
    /// What it is about: `storage plane (net3)`.
    pub subject: String,
    /// What was seen, with the values.
    pub evidence: String,
    /// What to do.
    pub advice: &'static str,
}

impl Finding {
    /// A finding as grave as its check's usually are.
    pub(crate) fn of(check: &'static Check, subject: &str, evidence: String) -> Finding {
        Finding {
            id: check.id,
            severity: check.severity,
            subject: subject.to_owned(),
            evidence,
            advice: check.advice,
        }
    }
}

/// `critical NET003 storage plane (net3): no carrier. Check the parent interface …`, in one line.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {}: {}; {}",
            self.severity.name(),
            self.id,
            self.subject,
            self.evidence,
            self.advice
        )
    }
}

/// What a whole look found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Everything that was found, the gravest first.
    pub findings: Vec<Finding>,
    /// Checks that could not be made here, with the reason: they say nothing.
    pub cannot_tell: Vec<CannotTell>,
}

/// A check that could not be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CannotTell {
    /// The check's id.
    pub id: &'static str,
    /// What was missing.
    pub reason: String,
}

impl Report {
    /// The gravest of all, or nothing where nothing was found.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }

    pub(crate) fn sort(&mut self) {
        self.findings
            .sort_by(|a, b| b.severity.cmp(&a.severity).then(a.id.cmp(b.id)));
    }
}
