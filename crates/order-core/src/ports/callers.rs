//! What callers may do.

use super::identity::Caller;
use super::rate_limiter::caller_at;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A kind of thing that a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Read orders, histories and the feed.
    Read,
    /// Place orders.
    Place,
    /// Cancel, amend, hold and release.
    Change,
    /// Report what happened outside.
    Fact,
    /// Look into the service and act on it, on the management plane.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 5] = [
        Role::Read,
        Role::Place,
        Role::Change,
        Role::Fact,
        Role::Admin,
    ];

    /// Its name, as it is granted by.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Read => "read",
            Role::Place => "place",
            Role::Change => "change",
            Role::Fact => "fact",
            Role::Admin => "admin",
        }
    }

    /// The role of this name.
    pub fn named(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of roles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Roles(u8);

impl Roles {
    /// No role.
    pub const NONE: Roles = Roles(0);

    /// What everybody may do where nobody says who may do what: all but administer.
    pub const EVERYBODY: Roles = Roles::NONE
        .with(Role::Read)
        .with(Role::Place)
        .with(Role::Change)
        .with(Role::Fact);

    /// These and one more.
    #[must_use]
    pub const fn with(self, role: Role) -> Roles {
        Roles(self.0 | 1 << role as u8)
    }

    /// Whether the role is among them.
    pub const fn has(self, role: Role) -> bool {
        self.0 & 1 << role as u8 != 0
    }
}

/// What it takes to ask for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing: probes, contracts and metrics are for everybody.
    Open,
    /// This role.
    Needs(Role),
}

/// Who may do what.
///
/// Contract: answers at once and never fails. What it answers changes only together with its generation,
/// and the generation is raised after what it stands for is in force: whoever sees a generation and then
/// asks is answered from it or from a later one.
pub trait Callers: Send + Sync {
    /// What this caller may do.
    fn roles(&self, caller: &Caller) -> Roles;

    /// What whoever bears this token may do. Takes as long for a wrong token as for the right one.
    fn roles_by_token(&self, token: &[u8]) -> Roles;

    /// Counts the changes.
    fn generation(&self) -> u64;
}

/// Everybody alike: what holds where nobody says who may do what.
#[derive(Clone, Copy, Debug)]
pub struct Everybody;

impl Callers for Everybody {
    fn roles(&self, _: &Caller) -> Roles {
        Roles::EVERYBODY
    }

    fn roles_by_token(&self, _: &[u8]) -> Roles {
        Roles::NONE
    }

    fn generation(&self) -> u64 {
        0
    }
}

/// A caller with what it may do and whose quota its calls are taken from, for as long as its connection
/// stands. Roles are looked up once and kept until their generation is over: a request costs one comparison.
pub struct Standing {
    caller: Caller,
    quota: String,
    callers: Arc<dyn Callers>,
    /// The generation that was asked, and in the lowest byte the roles that it gave.
    known: AtomicU64,
}

impl Standing {
    /// Looks up whom `callers` know as `caller`, coming from `peer`; `None`: from nowhere that is known.
    pub fn new(caller: Caller, peer: Option<IpAddr>, callers: Arc<dyn Callers>) -> Standing {
        // A name goes with its bearer; an address is all there is of the others.
        let quota = match (caller.identity(), peer) {
            (Some(identity), _) => identity.to_owned(),
            (None, Some(peer)) => caller_at(peer),
            (None, None) => "unknown".to_owned(),
        };
        let standing = Standing {
            caller,
            quota,
            callers,
            known: AtomicU64::new(0),
        };
        standing.look_up();
        standing
    }

    /// Who it is.
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The name of the quota that its calls are taken from.
    pub fn quota(&self) -> &str {
        &self.quota
    }

    /// What the caller may do now.
    pub fn roles(&self) -> Roles {
        let known = self.known.load(Relaxed);
        if known >> 8 == self.callers.generation() & (u64::MAX >> 8) {
            return Roles(known.to_le_bytes()[0]);
        }
        self.look_up()
    }

    /// Whether the caller has what it takes.
    pub fn check(&self, access: Access) -> Result<(), Denied> {
        match access {
            Access::Needs(role) if !self.roles().has(role) => Err(match &self.caller {
                Caller::Unnamed => Denied::Unnamed,
                caller => Denied::Lacks {
                    caller: caller.clone(),
                    role,
                },
            }),
            Access::Open | Access::Needs(_) => Ok(()),
        }
    }

    fn look_up(&self) -> Roles {
        // In this order: of a change in between, the roles may be known too early, never too late.
        let generation = self.callers.generation();
        let roles = self.callers.roles(&self.caller);
        self.known
            .store(generation << 8 | u64::from(roles.0), Relaxed);
        roles
    }
}

impl fmt::Debug for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Standing({}, {:?})", self.caller, self.roles())
    }
}

/// Why a caller is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Nobody knows who it is.
    #[error(
        "the certificate names nobody: its subjectAltName needs one SPIFFE URI or a DNS name, of at most 255 \
         characters, to which CALLERS_FILE can give roles"
    )]
    Unnamed,
    /// It is known, and may not do this.
    #[error(
        "{caller} lacks the role {role}, which this call needs; CALLERS_FILE of the service gives roles"
    )]
    Lacks {
        /// Who.
        caller: Caller,
        /// What it would take.
        role: Role,
    },
}
