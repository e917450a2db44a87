//! The command line of the benchmark.

use std::path::PathBuf;

use super::scenario::Scenario;

/// What to measure.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) store: Store,
    pub(super) quick: bool,
    /// Scenarios by name; none: all.
    pub(super) only: Vec<&'static Scenario>,
    pub(super) growth: bool,
    /// This, and nothing else.
    pub(super) alone: Option<Alone>,
    pub(super) json: Option<PathBuf>,
    /// One run of `order-load place` with these instead of the rounds.
    pub(super) load: Option<Vec<String>>,
}

/// What is measured alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alone {
    /// Bound planes beside unbound ones.
    Binding,
    /// Metrics beside none.
    Metrics,
}

/// Where orders are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Store {
    Postgres,
    Sqlite,
}

impl Options {
    pub(super) fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self {
            store: Store::Postgres,
            quick: false,
            only: Vec::new(),
            growth: false,
            alone: None,
            json: None,
            load: None,
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let mut value = || {
                let value = words.next().map(String::as_str);
                value.ok_or_else(|| format!("{word} wants a value"))
            };
            match word.as_str() {
                "--store" => options.store = Store::named(value()?)?,
                "--quick" => options.quick = true,
                "--only" => options.only.push(Scenario::named(value()?)?),
                "--growth" => options.growth = true,
                "--binding" => options.measure(Alone::Binding)?,
                "--metrics" => options.measure(Alone::Metrics)?,
                "--json" => options.json = Some(value()?.into()),
                "--" => {
                    options.load = Some(words.by_ref().cloned().collect());
                }
                other => {
                    return Err(format!(
                        "unknown argument {other:?}; order-load's own follow `--`"
                    ));
                }
            }
        }
        options.checked()
    }

    fn measure(&mut self, alone: Alone) -> Result<(), String> {
        match self.alone.replace(alone) {
            None => Ok(()),
            Some(_) => Err("--binding and --metrics are measured one at a time".to_owned()),
        }
    }

    /// Only PostgreSQL has rounds.
    fn checked(self) -> Result<Self, String> {
        let rounds = self.quick || self.growth || self.json.is_some() || !self.only.is_empty();
        if rounds && self.store == Store::Sqlite {
            return Err("--quick, --only, --growth and --json are of --store postgres".to_owned());
        }
        if self.alone.is_some()
            && (self.growth
                || self.load.is_some()
                || !self.only.is_empty()
                || self.store == Store::Sqlite)
        {
            return Err("--binding and --metrics go with --quick and --json alone".to_owned());
        }
        if rounds && self.load.is_some() {
            return Err("order-load's own arguments make one run, without any rounds".to_owned());
        }
        Ok(self)
    }
}

impl Store {
    fn named(name: &str) -> Result<Self, String> {
        match name {
            "postgres" => Ok(Self::Postgres),
            "sqlite" => Ok(Self::Sqlite),
            other => Err(format!("no store {other:?}; there are postgres and sqlite")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binding_and_metrics_are_each_measured_alone() {
        let alone = |line| parsed(line).unwrap().alone;
        assert_eq!(alone("--metrics --quick"), Some(Alone::Metrics));
        assert_eq!(alone("--binding --quick"), Some(Alone::Binding));
        assert!(parsed("--binding --metrics").is_err());
        assert!(parsed("--metrics --growth").is_err());
        assert!(parsed("--binding --growth").is_err());
        assert!(parsed("--binding --store sqlite").is_err());
    }

    fn parsed(line: &str) -> Result<Options, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Options::parse(&words)
    }

    #[test]
    fn everything_can_be_said() {
        let options = parsed("--quick --only grpc-32 --only echo-64 --growth --json out.json");
        let options = options.unwrap();
        assert!(options.quick && options.growth && options.load.is_none());
        let names: Vec<_> = options.only.iter().map(|scenario| scenario.name).collect();
        assert_eq!(names, ["grpc-32", "echo-64"]);
        assert_eq!(options.json, Some("out.json".into()));
        assert_eq!(parsed("").unwrap().store, Store::Postgres);
        let embedded = parsed("--store sqlite -- --rate 5").unwrap();
        assert_eq!(embedded.store, Store::Sqlite);
        assert_eq!(embedded.load, Some(vec!["--rate".into(), "5".into()]));
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (line, reason) in [
            ("--rate 5", "--rate"),
            ("--only", "wants a value"),
            ("--only grpc-7", "grpc-7"),
            ("--store mysql", "mysql"),
            ("--store sqlite --quick", "--store postgres"),
            ("--quick -- --rate 5", "one run"),
        ] {
            let error = parsed(line).unwrap_err();
            assert!(error.contains(reason), "{line}: {error}");
        }
    }
}
