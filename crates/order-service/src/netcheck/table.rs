//! The report as people read it at a terminal.

use crate::config::Config;
use netcheck::{CannotTell, Report, Severity};
use std::fmt::Write as _;

/// The planes, what was found, what cannot be told.
pub(super) fn of(config: &Config, report: &Report) -> String {
    let mut text = String::from("plane        interface\n");
    // Writing to a string cannot fail.
    for plane in config.planes.all() {
        let interface = plane.interface().map_or_else(
            || format!("not bound (set {})", plane.kind().variable()),
            str::to_owned,
        );
        let _ = writeln!(text, "{:<12} {interface}", plane.kind().name());
    }
    text.push('\n');
    for finding in &report.findings {
        let _ = writeln!(
            text,
            "{:<12} {:<8} {}: {}\n{:<21} → {}",
            finding.severity.name(),
            finding.id,
            finding.subject,
            finding.evidence,
            "",
            finding.advice
        );
    }
    for CannotTell { id, reason } in &report.cannot_tell {
        let _ = writeln!(text, "{:<12} {id:<8} {reason}", "cannot tell");
    }
    let _ = writeln!(text, "{}", summary(report));
    text
}

fn summary(report: &Report) -> String {
    let count = |severity| {
        let of = |finding: &&netcheck::Finding| finding.severity == severity;
        report.findings.iter().filter(of).count()
    };
    match report.findings.len() {
        0 => "nothing is wrong".to_owned(),
        _ => format!(
            "{} critical, {} warnings, {} for information",
            count(Severity::Critical),
            count(Severity::Warning),
            count(Severity::Information)
        ),
    }
}
