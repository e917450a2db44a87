//! What a watch tells of interfaces that go, come back and change, each within a second.

use crate::TEST_TIMEOUT;
use crate::netns::{Cable, Lab, NET1, NET2};
use planes::{
    Change, Link, LinkChange, LinkFault, LinkState, LinkWatch, Plane, PlaneError, PlaneKind,
    PlaneLink, wait_until_usable,
};
use rustix::process::Uid;
use rustix::thread::set_thread_res_uid;
use std::time::{Duration, Instant};
use tokio::sync::{broadcast, watch};

/// How soon each change is seen.
const SOON: Duration = Duration::from_secs(1);
/// The same of a carrier, which the kernel tells of up to a second late (`linkwatch_schedule_work` in
/// `net/core/link_watch.c`), but for kinds of interfaces that it takes for urgent.
const CARRIER_SOON: Duration = Duration::from_millis(1_500);

fn data() -> Plane {
    Plane::bound(PlaneKind::Data, NET1.interface).unwrap()
}

fn storage() -> Plane {
    Plane::bound(PlaneKind::Storage, NET2.interface).unwrap()
}

/// A watch of both planes' interfaces and what it tells.
struct Watched {
    _watch: LinkWatch,
    states: watch::Receiver<Vec<PlaneLink>>,
    changes: broadcast::Receiver<LinkChange>,
}

impl Watched {
    /// Starts when the planes can be used.
    async fn start() -> Watched {
        for plane in [data(), storage()] {
            wait_until_usable(&plane, TEST_TIMEOUT).await.unwrap();
        }
        let planes = vec![Plane::unbound(PlaneKind::Default), data(), storage()];
        let watch = LinkWatch::start(planes).unwrap();
        Watched {
            states: watch.states(),
            changes: watch.changes(),
            _watch: watch,
        }
    }

    /// The first change of the data plane that is `meant`, soon.
    async fn change(&mut self, meant: impl Fn(&Change) -> bool) -> LinkChange {
        self.change_within(SOON, meant).await
    }

    #[expect(clippy::print_stdout, reason = "it prints what it measured")]
    async fn change_within(
        &mut self,
        longest: Duration,
        meant: impl Fn(&Change) -> bool,
    ) -> LinkChange {
        let asked = Instant::now();
        let found = async {
            loop {
                let told = self.changes.recv().await.unwrap();
                if told.plane == data() && meant(&told.change) {
                    return told;
                }
            }
        };
        let found = tokio::time::timeout(longest, found).await;
        let found = found.expect("the change was not seen in time");
        println!("seen after {:?}: {found}", asked.elapsed());
        found
    }

    /// Waits until the data plane has this fault, or none; soon.
    async fn fault(&mut self, fault: Option<LinkFault>) {
        let holds = |states: &Vec<PlaneLink>| states.iter().any(|s| is(s, &data(), fault));
        let seen = tokio::time::timeout(SOON, self.states.wait_for(holds)).await;
        let seen = seen.map(|_| ());
        assert!(seen.is_ok(), "not within a second: {fault:?}");
        // The other plane has nothing to do with it.
        let states = self.states.borrow();
        assert!(
            states.iter().any(|s| is(s, &storage(), None)),
            "{states:#?}"
        );
    }

    fn link(&self) -> LinkState {
        let states = self.states.borrow();
        let found = states.iter().find(|state| state.plane == data()).unwrap();
        found.link.present().unwrap().clone()
    }
}

fn is(state: &PlaneLink, plane: &Plane, fault: Option<LinkFault>) -> bool {
    state.plane == *plane && state.fault() == fault
}

/// Runs `work` in the pod, once the planes can be used.
fn in_pod(work: impl AsyncFnOnce(&Lab, Watched) + Send) {
    let lab = Lab::new();
    lab.pod
        .run(async || work(&lab, Watched::start().await).await);
}

#[test]
fn the_state_is_that_of_the_interface() {
    in_pod(async |lab, mut watched| {
        assert_eq!(watched.states.borrow().len(), 2, "unbound planes have none");
        let told = lab.pod.ip("-o link show dev net1");
        let link = watched.link();
        assert!(
            told.starts_with(&format!("{}: net1@", link.index)),
            "{told}"
        );
        assert!(
            told.contains(&format!("link/ether {} ", link.mac)),
            "{told}"
        );
        assert_eq!((link.mtu, link.is_up()), (1_500, true));
        let addresses: Vec<_> = link.addresses.iter().map(ToString::to_string).collect();
        assert!(
            addresses.contains(&"10.20.0.1/24".to_owned()),
            "{addresses:?}"
        );
        lab.pod.ip("link set net1 mtu 1400");
        let smaller = |states: &Vec<PlaneLink>| {
            let mtu = |s: &PlaneLink| s.link.present().map(|link| link.mtu);
            states.iter().any(|s| mtu(s) == Some(1_400))
        };
        let seen = tokio::time::timeout(SOON, watched.states.wait_for(smaller)).await;
        assert!(seen.is_ok());
    });
}

#[test]
fn lowered_and_raised() {
    in_pod(async |lab, mut watched| {
        lab.pod.ip("link set net1 down");
        let told = watched.change(|change| *change == Change::Down).await;
        assert!(told.to_string().contains("(NET002)"), "{told}");
        watched.fault(Some(LinkFault::AdminDown)).await;
        lab.pod.ip("link set net1 up");
        watched.change(|change| *change == Change::Up).await;
        watched.fault(None).await;
    });
}

#[test]
fn the_carrier_is_lost_and_comes_back() {
    in_pod(async |lab, mut watched| {
        lab.world.ip("link set net1 down");
        let lost = |change: &Change| *change == Change::Down;
        let told = watched.change_within(CARRIER_SOON, lost).await;
        assert!(told.to_string().contains("(NET003)"), "{told}");
        watched.fault(Some(LinkFault::NoCarrier)).await;
        lab.world.ip("link set net1 up");
        watched
            .change_within(CARRIER_SOON, |change| *change == Change::Up)
            .await;
        watched.fault(None).await;
    });
}

#[test]
fn deleted_and_made_again_with_another_index() {
    reborn(|index| index + 1_000);
}

#[test]
fn deleted_and_made_again_with_the_same_index() {
    reborn(|index| index);
}

fn reborn(index: impl Fn(u32) -> u32 + Sync) {
    in_pod(async |lab, mut watched| {
        let before = watched.link();
        let had = lab.cut(NET1);
        let told = watched.change(|change| *change == Change::Gone).await;
        assert_eq!(told.link, Link::Absent);
        assert!(told.to_string().contains("(NET001)"), "{told}");
        watched.fault(Some(LinkFault::Absent)).await;
        lab.join(NET1, Some(index(had)));
        let is_rebirth = |change: &Change| matches!(change, Change::Reborn { .. });
        let told = watched.change(is_rebirth).await;
        let Change::Reborn { old, new } = &told.change else {
            panic!("{told}");
        };
        assert!(old.is_same(&before), "{old:?}");
        assert_eq!((old.index, new.index), (had, index(had)));
        assert_ne!(old.mac, new.mac);
        assert!(told.to_string().contains("(NET004)"), "{told}");
        watched.fault(None).await;
    });
}

/// Quicker than anybody looks: both are told all the same.
#[test]
fn what_is_undone_at_once_is_told_too() {
    in_pod(async |lab, mut watched| {
        lab.pod.ip("link set net1 down");
        lab.pod.ip("link set net1 up");
        watched.change(|change| *change == Change::Down).await;
        watched.change(|change| *change == Change::Up).await;
        watched.fault(None).await;
    });
}

#[test]
fn its_address_is_taken_away_and_given_again() {
    in_pod(async |lab, mut watched| {
        let is_of_addresses = |change: &Change| matches!(change, Change::AddressesChanged { .. });
        lab.pod.ip("address delete 10.20.0.1/24 dev net1");
        let told = watched.change(is_of_addresses).await;
        assert!(told.to_string().contains("(NET005)"), "{told}");
        watched.fault(Some(LinkFault::NoAddress)).await;
        lab.pod.ip("address add fd00:20::1/64 dev net1 nodad");
        watched.change(is_of_addresses).await;
        watched.fault(None).await;
    });
}

#[test]
fn a_name_that_is_given_to_another_interface_is_another_interface() {
    in_pod(async |lab, mut watched| {
        lab.pod.ip("link set net1 name other1");
        watched.change(|change| *change == Change::Gone).await;
        // The same again.
        lab.pod.ip("link set other1 name net1");
        watched.change(|change| *change == Change::Appeared).await;
        watched.fault(None).await;
    });
}

/// A bridge tells of its ports as if they were interfaces that came and went.
#[test]
fn a_port_that_leaves_a_bridge_is_not_gone() {
    in_pod(async |lab, mut watched| {
        lab.pod.ip("link add bridge1 type bridge");
        lab.pod.ip("link set net1 master bridge1");
        lab.pod.ip("link set net1 nomaster");
        lab.pod.ip("link set net1 down");
        let told = watched.change(|_| true).await;
        assert_eq!(told.change, Change::Down);
    });
}

/// More than the kernel keeps for a reader that is busy elsewhere: what was lost is asked for.
#[test]
fn what_the_kernel_did_not_keep_is_seen_soon_too() {
    in_pod(async |lab, mut watched| {
        let many = "address add 10.99.0.1/32 dev net2\naddress delete 10.99.0.1/32 dev net2\n";
        lab.pod.ip_batch(&many.repeat(2_000));
        lab.pod.ip("link set net1 down");
        watched.fault(Some(LinkFault::AdminDown)).await;
    });
}

#[test]
fn a_user_who_has_nothing_is_told_too() {
    let lab = Lab::new();
    let (started, is_started) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let pod = &lab.pod;
        let watching = scope.spawn(move || {
            pod.block_on(async || {
                let nobody = Uid::from_raw(65_534);
                set_thread_res_uid(nobody, nobody, nobody).unwrap();
                let mut watched = Watched::start().await;
                started.send(()).unwrap();
                let lowered = |states: &Vec<PlaneLink>| {
                    let fault = Some(LinkFault::AdminDown);
                    states.iter().any(|state| is(state, &data(), fault))
                };
                watched.states.wait_for(lowered).await.unwrap();
            });
        });
        is_started.recv().unwrap();
        lab.pod.ip("link set net1 down");
        watching.join().unwrap();
    });
}

#[test]
fn a_plane_is_waited_for_until_it_is_raised_and_has_an_address() {
    let lab = Lab::new();
    lab.pod.run(async || {
        let Cable { interface, .. } = NET1;
        lab.cut(NET1);
        let add = format!("link add {interface} type veth peer name {interface} netns");
        lab.pod.ip(&format!("{add} {}", lab.world.name()));
        let fault_now = async || {
            let waited = wait_until_usable(&data(), Duration::ZERO).await;
            match waited {
                Err(PlaneError::InterfaceNotUsable { fault, .. }) => Some(fault),
                Err(other) => panic!("{other}"),
                Ok(()) => None,
            }
        };
        assert_eq!(fault_now().await, Some(LinkFault::AdminDown));
        lab.pod.ip("link set net1 up");
        assert_eq!(fault_now().await, Some(LinkFault::NoCarrier));
        lab.world.ip("link set net1 up");
        assert_eq!(fault_now().await, Some(LinkFault::NoAddress));
        let plane = data();
        let (waited, ()) = tokio::join!(
            wait_until_usable(&plane, TEST_TIMEOUT),
            // Polled after the first look.
            async {
                lab.pod.ip("address add 10.20.0.1/24 dev net1");
            }
        );
        waited.unwrap();
        assert_eq!(fault_now().await, None);
        lab.cut(NET1);
        let absent = wait_until_usable(&data(), Duration::ZERO).await;
        let error = absent.unwrap_err();
        assert!(error.to_string().contains("NET001"), "{error}");
    });
}
