//! The step `alerts`: the rules are well formed, and each has a history that fires it and one that must not.

use std::process::Command;

use super::{Failure, Outcome};
use crate::steps::Steps;
use crate::tools;

const RULES: &str = "k8s/prometheus/rules.yaml";
const HISTORIES: &str = "k8s/prometheus/rules_test.yaml";
/// What every alert says, beside its expression.
const NEEDED: [&str; 5] = ["for:", "severity: ", "summary: ", "description: ", "expr: "];

pub(super) fn check(steps: &mut Steps) -> Outcome {
    steps.take("alerts", || {
        let read =
            |file| std::fs::read_to_string(file).map_err(|error| Failure::while_doing(file, error));
        let wrong = wrong(&read(RULES)?, &read(HISTORIES)?);
        if !wrong.is_empty() {
            return Err(Failure::Failed(wrong.join("\n")));
        }
        let promtool = tools::PROMTOOL.get()?;
        for words in [["check", "rules", RULES], ["test", "rules", HISTORIES]] {
            crate::steps::run(Command::new(&promtool).args(words))?;
        }
        Ok(())
    })
}

/// What an alert lacks.
fn wrong(rules: &str, histories: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for alert in rules.split("- alert: ").skip(1) {
        let name = alert.lines().next().unwrap_or_default();
        for needed in NEEDED {
            if !alert.contains(needed) {
                wrong.push(format!(
                    "{RULES}: {name} has no {}",
                    needed.trim_end_matches([':', ' '])
                ));
            }
        }
        for history in ["fires", "stays quiet"] {
            let there = format!("- name: {name} {history}");
            if !histories.contains(&there) {
                wrong.push(format!("{HISTORIES}: no history in which {name} {history}"));
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_that_is_never_tried_is_named() {
        let whole = "- alert: A\n expr: a\n for: 1m\n labels: {severity: page}\n summary: s\n description: d\n";
        let both = "- name: A fires\n- name: A stays quiet\n";
        assert!(wrong(whole, both).is_empty());
        let untried = wrong(whole, "- name: A fires\n");
        assert_eq!(untried.len(), 1, "{untried:?}");
        let silent = wrong(&whole.replace("summary: s", ""), both);
        assert_eq!(silent, [format!("{RULES}: A has no summary")]);
    }
}
