//! Who may do what, as a test says it.

use super::locked;
use order_core::ports::{Caller, Callers, Role, Roles};
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// Knows whom a test names. Everybody else may do nothing.
#[derive(Debug, Default)]
pub struct StaticCallers {
    known: Mutex<HashMap<String, Roles>>,
    generation: AtomicU64,
    asked: AtomicU64,
}

impl StaticCallers {
    /// Whoever bears it may administer.
    pub const ADMIN_TOKEN: &'static str = "the token of an administrator";

    /// Nobody may do anything.
    pub fn nobody() -> StaticCallers {
        StaticCallers::default()
    }

    /// From now on the caller of this name has these roles and no other.
    pub fn set(&self, name: &str, roles: &[Role]) {
        let roles = roles.iter().fold(Roles::NONE, |all, role| all.with(*role));
        locked(&self.known).insert(name.to_owned(), roles);
        self.generation.fetch_add(1, SeqCst);
    }

    /// How often roles were looked up.
    pub fn asked(&self) -> u64 {
        self.asked.load(SeqCst)
    }
}

impl Callers for StaticCallers {
    fn roles(&self, caller: &Caller) -> Roles {
        self.asked.fetch_add(1, SeqCst);
        let known = locked(&self.known);
        let roles = caller.identity().and_then(|name| known.get(name));
        roles.copied().unwrap_or_default()
    }

    fn roles_by_token(&self, token: &[u8]) -> Roles {
        if token == StaticCallers::ADMIN_TOKEN.as_bytes() {
            Roles::NONE.with(Role::Admin)
        } else {
            Roles::NONE
        }
    }

    fn generation(&self) -> u64 {
        self.generation.load(SeqCst)
    }
}
