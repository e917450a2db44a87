//! The effective values of all settings: flags over environment over file over defaults.

use crate::setting::{Secret, Setting, Source};
use crate::settings::SETTINGS;
use std::collections::BTreeMap;
use std::path::Path;

/// One effective value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) text: String,
    pub(crate) source: Source,
}

/// Every setting's effective value, by key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values(BTreeMap<&'static str, Value>);

/// What the layers are read from, so that tests need neither process environment nor arguments.
pub(crate) struct Layers<'a> {
    pub(crate) file: Option<&'a Path>,
    pub(crate) environment: &'a dyn Fn(&str) -> Option<String>,
    pub(crate) flag: &'a dyn Fn(&Setting) -> Option<String>,
}

impl Values {
    /// Reads all layers; everything that is wrong is told at once.
    pub(crate) fn read(layers: &Layers<'_>) -> Result<Values, Vec<String>> {
        let mut values = Values::default();
        let mut errors = Vec::new();
        for setting in SETTINGS {
            values.set(setting, setting.default.to_owned(), Source::Default);
        }
        if let Some(path) = layers.file {
            errors.extend(values.read_file(path));
        }
        for setting in SETTINGS {
            errors.extend(values.read_environment(setting, layers.environment));
            if let Some(text) = (layers.flag)(setting) {
                values.set(setting, text, Source::Flag(setting.flag()));
            }
        }
        if errors.is_empty() {
            Ok(values)
        } else {
            Err(errors)
        }
    }

    /// The value of `key`, which must be one of the table.
    pub(crate) fn get(&self, key: &str) -> &Value {
        // The table holds every key that the code asks for: a test reads them all.
        self.0
            .get(key)
            .unwrap_or_else(|| unreachable!("no setting is named {key}"))
    }

    fn set(&mut self, setting: &Setting, text: String, source: Source) {
        self.0.insert(setting.key, Value { text, source });
    }

    fn read_file(&mut self, path: &Path) -> Vec<String> {
        let shown = path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return vec![format!("{shown}: cannot be read: {error}; check --config")],
        };
        let table: toml::Table = match text.parse() {
            Ok(table) => table,
            Err(error) => return vec![format!("{shown}: is not TOML: {error}")],
        };
        let mut errors = Vec::new();
        for (key, value) in table {
            let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key) else {
                errors.push(format!("{shown}: unknown key {key:?}{}", nearest(&key)));
                continue;
            };
            match plain_text(&value) {
                Some(text) => self.set(setting, text, Source::File(shown.clone())),
                None => errors.push(format!(
                    "{shown}: {key} must be a text, a number or a boolean"
                )),
            }
        }
        errors
    }

    fn read_environment(
        &mut self,
        setting: &Setting,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Option<String> {
        let variable = setting.variable();
        let file_variable = format!("{variable}_FILE");
        let file = environment(&file_variable).filter(|_| setting.secret != Secret::No);
        match (environment(&variable), file) {
            (Some(_), Some(_)) => Some(format!(
                "{variable} and {file_variable} are both set; keep one"
            )),
            (Some(text), None) => {
                self.set(setting, text, Source::Environment(variable));
                None
            }
            (None, Some(path)) => match std::fs::read_to_string(&path) {
                Ok(text) => {
                    // Editors and `kubectl create secret` like to leave a line end behind.
                    let text = text.trim_end_matches(['\r', '\n']).to_owned();
                    self.set(setting, text, Source::Environment(file_variable));
                    None
                }
                Err(error) => Some(format!("{file_variable}: {path} cannot be read: {error}")),
            },
            (None, None) => None,
        }
    }
}

fn plain_text(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// Below this likeness a suggestion misleads more than it helps.
const MIN_LIKENESS_PERCENT: u64 = 70;

fn nearest(key: &str) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::float_arithmetic,
        reason = "a likeness of 0.0 to 1.0, only compared"
    )]
    let likeness = |other: &str| (strsim::jaro_winkler(key, other) * 100.0) as u64;
    let best = SETTINGS.iter().max_by_key(|setting| likeness(setting.key));
    match best.filter(|setting| likeness(setting.key) >= MIN_LIKENESS_PERCENT) {
        Some(setting) => format!("; did you mean {:?}?", setting.key),
        None => "; `order-service config` lists all".to_owned(),
    }
}
