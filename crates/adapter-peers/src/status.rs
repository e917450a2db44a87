//! What is wrong with a replica, in words, from what it says of its components.

use crate::wire::{Health, HealthComponent, READY};
use order_core::ports::{Component, HealthReport};

/// The longest reason and the longest version that are kept, in characters: they are another's words.
const MAX_WHY_CHARS: usize = 500;
const MAX_VERSION_CHARS: usize = 60;

/// `plane-data: net2: it is down …; redis (not needed): …`: what is needed first.
pub(crate) fn why(health: &Health) -> String {
    let down = |required: bool| {
        let components = health.components.iter();
        components.filter(move |one| !one.ok && one.required == required)
    };
    let told: Vec<String> = down(true).chain(down(false)).map(line).collect();
    let told = match (is_ready(health), told.is_empty()) {
        (false, true) => "it says that it is not ready, and not why".to_owned(),
        _ => told.join("; "),
    };
    clipped(&told, MAX_WHY_CHARS)
}

fn line(component: &HealthComponent) -> String {
    let not_needed = if component.required {
        ""
    } else {
        " (not needed)"
    };
    let detail = if component.detail.is_empty() {
        "it is down"
    } else {
        &component.detail
    };
    format!("{}{not_needed}: {detail}", component.name)
}

/// Whether it says that it is ready.
pub(crate) fn is_ready(health: &Health) -> bool {
    health.status == READY
}

/// What it says that it is.
pub(crate) fn version(health: &Health) -> String {
    clipped(&health.version, MAX_VERSION_CHARS)
}

/// This replica's own, as it would answer.
pub(crate) fn of_report(report: HealthReport, version: &str) -> Health {
    let component = |one: Component| HealthComponent {
        name: one.name,
        ok: one.ok,
        required: one.required,
        detail: one.detail,
    };
    let status = if report.ready { READY } else { "not_ready" };
    Health {
        status: status.to_owned(),
        version: version.to_owned(),
        components: report.components.into_iter().map(component).collect(),
        pod: None,
    }
}

/// The beginning, without line ends and other control characters.
pub(crate) fn clipped(text: &str, most: usize) -> String {
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    let mut letters = text.chars().map(plain);
    let mut kept: String = letters.by_ref().take(most).collect();
    if letters.next().is_some() {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(status: &str, components: &str) -> Health {
        let json = format!(r#"{{"status":"{status}","components":{components}}}"#);
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn what_is_needed_is_told_first_and_what_is_well_not_at_all() {
        let told = why(&health(
            "not_ready",
            r#"[{"name":"redis","ok":false,"required":false,"detail":"refused"},
                {"name":"store","ok":true,"required":true,"detail":"there"},
                {"name":"plane-data","ok":false,"required":true,"detail":"net2: it is down"}]"#,
        ));
        assert_eq!(
            told,
            "plane-data: net2: it is down; redis (not needed): refused"
        );
    }

    #[test]
    fn nothing_is_wrong_with_what_is_well() {
        assert_eq!(why(&health("ready", "[]")), "");
        assert!(why(&health("not_ready", "[]")).contains("not why"));
    }

    #[test]
    fn a_long_reason_is_clipped_and_stays_one_line() {
        assert_eq!(clipped("a\nb\u{1b}c", 10), "a b c");
        assert_eq!(clipped("éééé", 3), "ééé…");
    }
}
