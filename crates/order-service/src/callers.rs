//! Who may do what, as files say it: read at start, and again whenever they change.

mod table;
mod token;

use crate::config::Config;
use order_core::ports::{Caller, Callers, Roles};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use table::Table;
use token::Token;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// How often files are looked at: a change is in force so soon.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Bytes of a file, at most.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Whom the service knows.
#[derive(Debug)]
pub(crate) struct KnownCallers {
    callers: Option<Watched<Table>>,
    token: Option<Watched<Token>>,
    generation: AtomicU64,
}

/// A file and what it said when it last could be used.
#[derive(Debug)]
struct Watched<T> {
    path: PathBuf,
    setting: &'static str,
    used: RwLock<Used<T>>,
}

#[derive(Debug)]
struct Used<T> {
    bytes: Vec<u8>,
    meaning: Arc<T>,
}

/// What a file must be readable as.
trait Meaning: Sized {
    fn read(text: &str) -> Result<Self, String>;
}

impl KnownCallers {
    /// Reads every file; what is wrong with one stops the start.
    pub(crate) fn open(config: &Config) -> Result<KnownCallers, String> {
        Ok(KnownCallers {
            callers: Watched::open("callers_file", config.callers_file.as_deref())?,
            token: Watched::open("admin_token_file", config.admin_token_file.as_deref())?,
            generation: AtomicU64::new(0),
        })
    }

    /// What is in force, for people.
    pub(crate) fn describe(&self) -> String {
        match &self.callers {
            None => {
                "everybody may read, place, change and send facts (set CALLERS_FILE)".to_owned()
            }
            Some(file) => format!("{} of {}", file.meaning().len(), file.path.display()),
        }
    }

    /// Says loudly where the door is open wider, or shut tighter, than somebody may think.
    pub(crate) fn warn(&self, config: &Config) {
        if self.callers.is_none() {
            tracing::warn!(
                "CALLERS_FILE is not set: every caller may read, place, change and send facts"
            );
            return;
        }
        let tls = &config.listeners_tls;
        for (listener, tls) in [("http", &tls.http), ("grpc", &tls.grpc)] {
            let asks = tls.as_ref().is_some_and(|tls| tls.client_ca_file.is_some());
            if !asks {
                tracing::warn!(
                    listener,
                    "CALLERS_FILE is set, but callers cannot prove here who they are: everything but probes and \
                     documentation is refused; set {listener}_tls_mode = mtls"
                );
            }
        }
    }

    /// Looks after the files until `stop` turns true.
    pub(crate) async fn look_after(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        if self.callers.is_none() && self.token.is_none() {
            return;
        }
        let mut told = Told::default();
        while timeout(LOOK_EVERY, stop.wait_for(|stop| *stop))
            .await
            .is_err()
        {
            let looking = Arc::clone(&self);
            // Files may lie on a disk that is far.
            let looked = spawn_blocking(move || {
                looking.reload(&mut told);
                told
            });
            told = looked.await.unwrap_or_default();
        }
    }

    fn reload(&self, told: &mut Told) {
        if let Some(file) = &self.callers {
            told.outcome(file, self.reload_one(file));
        }
        if let Some(file) = &self.token {
            told.outcome(file, self.reload_one(file));
        }
    }

    /// Whether the file had changed. After an error everything is as it was.
    fn reload_one<T: Meaning>(&self, file: &Watched<T>) -> Result<bool, String> {
        let changed = file.reload()?;
        if changed {
            // After what it stands for, as the port wants it.
            self.generation.fetch_add(1, Ordering::Release);
        }
        Ok(changed)
    }
}

impl Callers for KnownCallers {
    fn roles(&self, caller: &Caller) -> Roles {
        match &self.callers {
            None => Roles::EVERYBODY,
            Some(file) => file.meaning().roles(caller),
        }
    }

    fn roles_by_token(&self, token: &[u8]) -> Roles {
        let file = self.token.as_ref();
        file.map_or(Roles::NONE, |file| file.meaning().roles(token))
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }
}

impl<T: Meaning> Watched<T> {
    fn open(setting: &'static str, path: Option<&Path>) -> Result<Option<Watched<T>>, String> {
        let Some(path) = path else {
            return Ok(None);
        };
        let used = Used::read(path).map_err(|reason| format!("{setting} {reason}"))?;
        Ok(Some(Watched {
            path: path.to_owned(),
            setting,
            used: RwLock::new(used),
        }))
    }

    fn reload(&self) -> Result<bool, String> {
        let bytes = bytes_of(&self.path)?;
        if self
            .used
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .bytes
            == bytes
        {
            return Ok(false);
        }
        let used = Used::of(&self.path, bytes)?;
        *self.used.write().unwrap_or_else(PoisonError::into_inner) = used;
        Ok(true)
    }
}

impl<T> Watched<T> {
    fn meaning(&self) -> Arc<T> {
        let used = self.used.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&used.meaning)
    }
}

impl<T: Meaning> Used<T> {
    fn read(path: &Path) -> Result<Used<T>, String> {
        Used::of(path, bytes_of(path)?)
    }

    fn of(path: &Path, bytes: Vec<u8>) -> Result<Used<T>, String> {
        let told = |reason: String| format!("{}: {reason}", path.display());
        let text = std::str::from_utf8(&bytes).map_err(|error| told(error.to_string()))?;
        let meaning = Arc::new(T::read(text).map_err(told)?);
        Ok(Used { bytes, meaning })
    }
}

/// All of a file that is not too large.
fn bytes_of(path: &Path) -> Result<Vec<u8>, String> {
    let told = |reason: String| format!("{}: {reason}", path.display());
    let unreadable = |error: std::io::Error| told(format!("cannot be read: {error}"));
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    let mut most = file.take(MAX_FILE_BYTES + 1);
    most.read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(told(format!("is larger than {MAX_FILE_BYTES} bytes")));
    }
    Ok(bytes)
}

/// What was told already, so that it is not told every other second.
#[derive(Debug, Default)]
struct Told(BTreeMap<&'static str, String>);

impl Told {
    fn outcome<T>(&mut self, file: &Watched<T>, outcome: Result<bool, String>) {
        let setting = file.setting;
        match outcome {
            Ok(changed) => {
                let was_broken = self.0.remove(setting).is_some();
                if changed || was_broken {
                    tracing::info!(setting, file = %file.path.display(), "what the file says is in force");
                }
            }
            Err(reason) => {
                let last = self.0.insert(setting, reason.clone());
                if last.as_deref() != Some(&reason) {
                    tracing::error!(
                        setting,
                        reason,
                        "the file has changed and cannot be used; what it said before stays in force"
                    );
                }
            }
        }
    }
}
