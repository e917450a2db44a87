//! Sockets that are heard of as they end.

use super::stranger::Stranger;
use super::{PORT, auditor, data, storage, world_listens};
use crate::netns::{Lab, NET1, NET2};
use crate::{TEST_TIMEOUT, until};
use planes::{
    Auditor, ConnectOptions, ListenOptions, Owner, Plane, PlaneKind, Protocol, Violation, connect,
    listen,
};
use rustix::process::Uid;
use rustix::thread::set_thread_res_uid;
use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr, TcpStream as StdStream, UdpSocket as StdUdp};
use std::time::Instant;

/// A user who has nothing.
const NOBODY_UID: u32 = 65_534;

/// Without any privilege: what the service has in a pod.
#[test]
fn what_lived_between_two_audits_is_heard_of_by_a_user_who_has_nothing() {
    let lab = Lab::new();
    let there = SocketAddr::from((NET1.world, PORT));
    let _listener = world_listens(&lab, there);
    lab.pod.run(async || {
        let (go, gone) = std::sync::mpsc::channel();
        let (ready, is_ready) = std::sync::mpsc::channel::<()>();
        std::thread::scope(|scope| {
            // Threads have users of their own; this one starts as root, to start as another.
            scope.spawn(move || {
                is_ready.recv().unwrap();
                go.send(Stranger::send(there)).unwrap();
            });
            let nobody = Uid::from_raw(NOBODY_UID);
            set_thread_res_uid(nobody, nobody, nobody).unwrap();
            let auditor = RefCell::new(auditor());
            assert!(auditor.borrow().hears_endings());
            auditor.borrow_mut().audit().unwrap();
            ready.send(()).unwrap();
            let _stranger = gone.recv_timeout(TEST_TIMEOUT).unwrap();
            let found = wait_for_short_lived(&auditor);
            assert_eq!(found.expected, Some(data()));
            assert_eq!(found.socket.protocol, Protocol::Udp);
            assert_eq!(found.socket.peer, Some(there));
            // The kernel does not tell whose it was.
            assert_eq!(found.socket.owner, Owner::Nobody);
            assert!(found.new && !found.ended, "{found:?}");

            // A connection waits a minute after its end, so either an audit sees it or its end is heard.
            let stream = StdStream::connect(there).unwrap();
            let local = stream.local_addr().unwrap();
            drop(stream);
            let found = wait_for(&auditor, |violation| violation.socket.local == local);
            assert_eq!((found.socket.owner, found.new), (Owner::Nobody, true));
            let told = auditor.borrow_mut().audit().unwrap().violations;
            assert!(told.iter().all(|violation| !violation.new), "{told:#?}");
        });
    });
}

fn wait_for_short_lived(auditor: &RefCell<Auditor>) -> Violation {
    wait_for(auditor, |violation| violation.short_lived)
}

/// Audits until a violation is told that is `meant`.
fn wait_for(auditor: &RefCell<Auditor>, meant: impl Fn(&Violation) -> bool) -> Violation {
    let begun = Instant::now();
    loop {
        let audit = auditor.borrow_mut().audit().unwrap();
        if let Some(found) = audit.violations.into_iter().find(&meant) {
            return found;
        }
        assert!(begun.elapsed() < TEST_TIMEOUT, "nothing was heard of it");
    }
}

#[test]
fn sockets_of_the_planes_end_without_a_word_also_those_that_were_never_used() {
    let lab = Lab::new();
    let there = SocketAddr::from((NET1.world, PORT));
    let _listener = world_listens(&lab, there);
    lab.pod.run(async || {
        let auditor = RefCell::new(auditor());
        let absent = Plane::bound(PlaneKind::Data, "absent0").unwrap();
        let everywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, PORT));
        // Made, refused by the device, and closed.
        listen(&absent, everywhere, ListenOptions::default()).unwrap_err();
        drop(listen(&data(), everywhere, ListenOptions::default()).unwrap());
        drop(connect(&data(), there, ConnectOptions::default()).await);
        // What ends afterwards is told after them.
        drop(StdUdp::bind((NET2.pod, 0)).unwrap());
        let found = wait_for_short_lived(&auditor);
        assert_eq!(found.socket.protocol, Protocol::Udp, "{found}");
    });
}

#[test]
fn that_endings_were_missed_is_counted() {
    let lab = Lab::new();
    lab.pod.run(async || {
        let auditor = RefCell::new(auditor());
        until("the kernel's queue was full", || {
            for _ in 0..2_000 {
                drop(StdUdp::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
            }
            let mut auditor = auditor.borrow_mut();
            auditor.hear_endings().unwrap();
            auditor.missed_endings() > 0
        })
        .await;
        // And then it goes on.
        drop(StdUdp::bind((NET2.pod, 0)).unwrap());
        let found = wait_for_short_lived(&auditor);
        assert_eq!(found.expected, Some(storage()));
    });
}
