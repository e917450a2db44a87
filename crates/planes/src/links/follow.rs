//! Follows the kernel's news of interfaces, and asks anew where they may have been missed.

use super::change::{LinkChange, changes};
use super::{Change, Link, PlaneLink};
use crate::error::NetlinkError;
use crate::interfaces::Interfaces;
use crate::netlink::{Heard, News, Questions, Subject};
use crate::{LinkState, Plane};
use std::io;
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::{broadcast, watch};
use tokio::time::{MissedTickBehavior, interval_at};

/// `RTMGRP_LINK`, `RTMGRP_IPV4_IFADDR` and `RTMGRP_IPV6_IFADDR`: groups 1, 5 and 9.
const GROUPS: u32 = 0x1 | 0x10 | 0x100;
/// What the kernel may keep for us, in bytes: some hundred changes.
const QUEUE_BYTES: usize = 256 * 1024;
/// How often all is asked anew, whatever was told.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// The planes' interfaces as they were told last.
#[derive(Debug)]
pub(super) struct Follower {
    seen: Vec<Seen>,
    interfaces: Interfaces,
    news: AsyncFd<News>,
    route: Questions,
}

#[derive(Debug)]
struct Seen {
    plane: Plane,
    link: Link,
    /// The interface that had the name last.
    last: Option<LinkState>,
}

impl Follower {
    /// Hears the news first and asks afterwards, so that nothing is lost between.
    pub(super) fn new(planes: Vec<Plane>) -> Result<Follower, NetlinkError> {
        let hearing = "hearing of changes of interfaces";
        tokio::runtime::Handle::try_current()
            .map_err(io::Error::other)
            .map_err(NetlinkError::of("finding the Tokio runtime"))?;
        let news = News::open(Subject::Interfaces, GROUPS, QUEUE_BYTES)
            .and_then(readable)
            .map_err(NetlinkError::of(hearing))?;
        let asking = "asking for the interfaces";
        let mut route = Questions::open(Subject::Interfaces).map_err(NetlinkError::of(asking))?;
        let interfaces = Interfaces::read(&mut route).map_err(NetlinkError::of(asking))?;
        let bound = planes
            .into_iter()
            .filter(|plane| plane.interface().is_some());
        let seen = bound.map(|plane| {
            let link = Link::of(&interfaces, &plane);
            if let Some(fault) = link.fault() {
                tracing::error!(
                    check = fault.check(),
                    "{plane}: the interface cannot be used: {fault}"
                );
            }
            let last = link.present().cloned();
            Seen { plane, link, last }
        });
        Ok(Follower {
            seen: seen.collect(),
            interfaces,
            news,
            route,
        })
    }

    pub(super) fn states(&self) -> Vec<PlaneLink> {
        let all = self.seen.iter().map(|seen| PlaneLink {
            plane: seen.plane.clone(),
            link: seen.link.clone(),
        });
        all.collect()
    }

    /// Follows until it is aborted.
    pub(super) async fn run(
        mut self,
        states: watch::Sender<Vec<PlaneLink>>,
        changes: broadcast::Sender<LinkChange>,
    ) {
        let mut asks = interval_at(tokio::time::Instant::now() + ASK_EVERY, ASK_EVERY);
        asks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Where the news cannot be read, asking has to do until it can.
        let mut hears = true;
        let mut complained = false;
        loop {
            let told = tokio::select! {
                told = self.hear(), if hears => told,
                _ = asks.tick() => {
                    hears = true;
                    self.ask()
                }
            };
            let told = told.unwrap_or_else(|error| {
                if !std::mem::replace(&mut complained, true) {
                    tracing::error!(%error, "changes of interfaces are seen late: the kernel does not tell of them");
                }
                hears = false;
                Vec::new()
            });
            // The MTU may be another without a change that is told.
            states.send_if_modified(|states| {
                let now = self.states();
                let differs = *states != now;
                *states = now;
                differs
            });
            for change in told {
                tell(&change);
                // Nobody may be listening.
                let _ = changes.send(change);
            }
        }
    }

    /// Waits for news and takes it, message by message: what is undone at once is seen, too. Cancel safe.
    async fn hear(&mut self) -> io::Result<Vec<LinkChange>> {
        let mut missed = false;
        let mut told = Vec::new();
        let mut guard = self.news.readable_mut().await?;
        let heard = match guard.get_inner_mut().read()? {
            Heard::Some(messages) => Some(messages),
            Heard::Missed => {
                missed = true;
                None
            }
            Heard::Nothing => None,
        };
        let nothing = heard.is_none() && !missed;
        for message in heard.into_iter().flatten() {
            self.interfaces.apply(&message);
            told.extend(compare(&mut self.seen, &self.interfaces));
        }
        if nothing {
            guard.clear_ready();
        }
        if missed {
            tracing::debug!("more changes of interfaces than the kernel kept: all are asked for");
            return self.ask();
        }
        Ok(told)
    }

    /// Asks for everything. The kernel answers at once, in some ten microseconds.
    fn ask(&mut self) -> io::Result<Vec<LinkChange>> {
        self.interfaces = Interfaces::read(&mut self.route)?;
        Ok(compare(&mut self.seen, &self.interfaces))
    }
}

/// Has the runtime wait for it.
fn readable(news: News) -> io::Result<AsyncFd<News>> {
    #[expect(
        unsafe_code,
        reason = "tokio offers nothing else for a descriptor of another kind than its own"
    )]
    // SAFETY: `News` owns its descriptor, gives the same one each time, and closes it when it is dropped
    // and not before; `AsyncFd` takes it out of the runtime first.
    unsafe { AsyncFd::register_with_interest(news, Interest::READABLE) }.map_err(io::Error::from)
}

/// What changed since it was told last.
fn compare(seen: &mut [Seen], interfaces: &Interfaces) -> Vec<LinkChange> {
    let mut told = Vec::new();
    for seen in seen {
        let now = Link::of(interfaces, &seen.plane);
        if now == seen.link {
            continue;
        }
        let changes = changes(&seen.link, seen.last.as_ref(), &now);
        told.extend(changes.into_iter().map(|change| LinkChange {
            plane: seen.plane.clone(),
            change,
            link: now.clone(),
        }));
        if let Some(link) = now.present() {
            seen.last = Some(link.clone());
        }
        seen.link = now;
    }
    told
}

/// To the log, by how bad it is.
fn tell(change: &LinkChange) {
    let check = change.link.fault().map_or("", |fault| fault.check());
    match change.change {
        _ if change.is_fault() => tracing::error!(check, "{change}"),
        Change::Reborn { .. } => tracing::warn!(check = "NET004", "{change}"),
        _ => tracing::info!("{change}"),
    }
}
