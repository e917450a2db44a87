//! Who may do what, as files say it: read at start, and again whenever they change.

mod table;
mod token;

use crate::config::Config;
use crate::error::{FileError, StartError};
use crate::files::Files;
use crate::health::Part;
use order_core::ports::{Caller, Callers, Component, Roles};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use table::Table;
use token::Token;

/// Bytes of a file, at most.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Whom the service knows.
#[derive(Debug)]
pub(crate) struct KnownCallers {
    callers: Option<Kept<Table>>,
    token: Option<Kept<Token>>,
    generation: AtomicU64,
}

/// A file and what it said when it last could be used.
#[derive(Debug)]
struct Kept<T> {
    path: PathBuf,
    setting: &'static str,
    used: RwLock<Used<T>>,
}

#[derive(Debug)]
struct Used<T> {
    bytes: Vec<u8>,
    meaning: Arc<T>,
}

/// What a file must be readable as; else every mistake, with its line and what to write.
trait Meaning: Sized {
    fn read(text: &str) -> Result<Self, String>;
}

impl KnownCallers {
    /// Reads every file; what is wrong with one stops the start.
    pub(crate) fn open(config: &Config) -> Result<KnownCallers, StartError> {
        Ok(KnownCallers {
            callers: Kept::open("callers_file", config.callers_file.as_deref())?,
            token: Kept::open("admin_token_file", config.admin_token_file.as_deref())?,
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

    /// What the status page tells of them.
    pub(crate) fn health(self: &Arc<Self>) -> Part {
        let callers = Arc::clone(self);
        Box::new(move || Component {
            name: "callers".to_owned(),
            ok: true,
            required: false,
            detail: callers.describe(),
        })
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

    /// Has the files read again when they change.
    pub(crate) fn watch(self: &Arc<Self>, files: &mut Files) {
        if let Some(file) = &self.callers {
            let known = Arc::clone(self);
            files.watch(file.setting, move || known.reload(known.callers.as_ref()));
        }
        if let Some(file) = &self.token {
            let known = Arc::clone(self);
            files.watch(file.setting, move || known.reload(known.token.as_ref()));
        }
    }

    /// Whether the file had changed. After an error everything is as it was.
    fn reload<T: Meaning>(&self, file: Option<&Kept<T>>) -> Result<bool, FileError> {
        let changed = file.map_or(Ok(false), Kept::reload)?;
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

impl<T: Meaning> Kept<T> {
    fn open(setting: &'static str, path: Option<&Path>) -> Result<Option<Kept<T>>, StartError> {
        let Some(path) = path else {
            return Ok(None);
        };
        let used = Used::read(path).map_err(|source| StartError::File { setting, source })?;
        Ok(Some(Kept {
            path: path.to_owned(),
            setting,
            used: RwLock::new(used),
        }))
    }

    fn reload(&self) -> Result<bool, FileError> {
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

impl<T> Kept<T> {
    fn meaning(&self) -> Arc<T> {
        let used = self.used.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&used.meaning)
    }
}

impl<T: Meaning> Used<T> {
    fn read(path: &Path) -> Result<Used<T>, FileError> {
        Used::of(path, bytes_of(path)?)
    }

    fn of(path: &Path, bytes: Vec<u8>) -> Result<Used<T>, FileError> {
        let text = std::str::from_utf8(&bytes).map_err(|source| FileError::NotText {
            path: path.to_owned(),
            source,
        })?;
        let meaning = T::read(text).map_err(|mistakes| FileError::Mistaken {
            path: path.to_owned(),
            mistakes,
        })?;
        Ok(Used {
            bytes,
            meaning: Arc::new(meaning),
        })
    }
}

/// All of a file that is not too large.
fn bytes_of(path: &Path) -> Result<Vec<u8>, FileError> {
    let unreadable = |source| FileError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    let mut most = file.take(MAX_FILE_BYTES + 1);
    most.read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(FileError::TooLarge {
            path: path.to_owned(),
            most_bytes: MAX_FILE_BYTES,
        });
    }
    Ok(bytes)
}
