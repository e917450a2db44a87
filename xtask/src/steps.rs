//! Steps of a command: each is named, timed, and stops the command when it fails.
//!
//! A failed step says how to run it alone; the times of all steps are printed at the end, also
//! after a failure, so that a slow step is seen where it grows.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::commands::{Failure, Outcome};

/// The steps taken so far.
pub(crate) struct Steps {
    command: &'static str,
    taken: Vec<(String, Duration)>,
}

impl Steps {
    /// No step taken yet; `command` heads the summary.
    pub(crate) const fn of(command: &'static str) -> Self {
        Self {
            command,
            taken: Vec::new(),
        }
    }

    /// Runs `work` as the step `name` and keeps its time.
    pub(crate) fn take<T>(
        &mut self,
        name: &str,
        work: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        println!("── {name}");
        let started = Instant::now();
        let result = work();
        self.taken.push((name.to_owned(), started.elapsed()));
        result
    }

    /// Runs a program as the step `name`; its output goes where ours goes.
    pub(crate) fn run(&mut self, name: &str, program: &mut Command) -> Outcome {
        self.take(name, || run(program))
    }

    /// Prints what each step took; call it whatever the outcome was, and return that outcome.
    pub(crate) fn finish(self, outcome: Outcome) -> Outcome {
        println!("── times of cargo xtask {}", self.command);
        for (name, time) in &self.taken {
            println!("{:>9}  {name}", seconds(*time));
        }
        let total = self.taken.iter().map(|(_, time)| *time).sum();
        let verdict = if outcome.is_ok() {
            "all passed"
        } else {
            "stopped at the last step above"
        };
        println!("{:>9}  together: {verdict}", seconds(total));
        outcome
    }
}

/// Runs a program to its end; a failure carries the command line that repeats it.
pub(crate) fn run(program: &mut Command) -> Outcome {
    let line = command_line(program);
    match program.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::Failed(format!(
            "failed ({status}); run it alone with: {line}"
        ))),
        Err(error) => Err(Failure::while_doing(
            format!("cannot start `{line}`"),
            error,
        )),
    }
}

/// Runs a program and returns what it printed; a failure carries what it said on stderr.
pub(crate) fn output(program: &mut Command) -> Result<String, Failure> {
    let line = command_line(program);
    let output = program
        .output()
        .map_err(|error| Failure::while_doing(format!("cannot start `{line}`"), error))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::Failed(format!("`{line}` failed: {}", said.trim())));
    }
    String::from_utf8(output.stdout)
        .map_err(|error| Failure::while_doing(format!("`{line}` printed no UTF-8"), error))
}

/// Seconds with one decimal: what a person compares between runs.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{}.{} s", time.as_secs(), time.subsec_millis() / 100)
}

fn command_line(program: &Command) -> String {
    let set = program.get_envs().filter_map(|(name, value)| {
        Some(format!(
            "{}={}",
            name.display(),
            quoted(&value?.to_string_lossy())
        ))
    });
    let name = program.get_program().to_string_lossy().into_owned();
    let arguments = program
        .get_args()
        .map(|argument| quoted(&argument.to_string_lossy()));
    set.chain([name])
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_program_says_how_to_repeat_it() {
        let result = run(Command::new("false").env("A", "b c").arg("it's"));
        let Err(Failure::Failed(message)) = result else {
            panic!("{result:?}")
        };
        assert!(message.ends_with(r"A='b c' false 'it'\''s'"), "{message}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let result = run(&mut Command::new("no-such-program-of-ours"));
        let Err(Failure::Failed(message)) = result else {
            panic!("{result:?}")
        };
        assert!(message.contains("no-such-program-of-ours"), "{message}");
    }

    #[test]
    fn steps_are_kept_in_order_and_the_outcome_passes_through() {
        let mut steps = Steps::of("test");
        assert!(steps.run("first", &mut Command::new("true")).is_ok());
        let outcome = steps.run("second", &mut Command::new("false"));
        let names: Vec<_> = steps.taken.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["first", "second"]);
        assert!(steps.finish(outcome).is_err());
    }

    #[test]
    fn times_are_short() {
        assert_eq!(seconds(Duration::from_millis(12_345)), "12.3 s");
    }
}
