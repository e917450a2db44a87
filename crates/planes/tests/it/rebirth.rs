//! An interface that is deleted and made again, under a service and under a connection.

use crate::netns::{Lab, NET1};
use planes::{
    ConnectOptions, ListenOptions, ListenerStats, Plane, PlaneKind, ServeLimits, connect,
    drain_channel, end_orphans, listen, serve,
};
use std::io::Read;
use std::net::{SocketAddr, TcpListener as StdListener, TcpStream as StdStream};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const PORT: u16 = 8080;
/// How soon a plane serves again after its interface is back.
const SOON: Duration = Duration::from_secs(5);

/// Whether the world gets its greeting from the pod.
fn greeted(lab: &Lab) -> bool {
    lab.world.run(async || {
        let to = SocketAddr::from((NET1.pod, PORT));
        let stream = StdStream::connect_timeout(&to, Duration::from_millis(500));
        let greeting = stream.and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_millis(500)))?;
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            Ok(byte)
        });
        greeting.is_ok()
    })
}

/// Runs `work` while the pod serves on the plane.
fn while_serving(lab: &Lab, work: impl FnOnce(&ListenerStats)) {
    let (stop, stopped) = drain_channel();
    let (ready, serving) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let _stop = stop;
        scope.spawn(move || {
            lab.pod.block_on(async || {
                let plane = Plane::bound(PlaneKind::Data, NET1.interface).unwrap();
                let address = SocketAddr::from(([0, 0, 0, 0], PORT));
                let listener = listen(&plane, address, ListenOptions::default()).unwrap();
                ready.send(listener.stats()).unwrap();
                let limits = ServeLimits::default();
                let greet = |mut stream: tokio::net::TcpStream, _, _| async move {
                    let _ = stream.write_u8(1).await;
                };
                serve(listener, limits, stopped.started(), greet).await;
            });
        });
        work(&serving.recv().expect("the pod serves"));
    });
}

/// Deletes the interface under a service, and makes one with the index that `index` makes of its old
/// one. Answers how often the listener was opened anew until the world was greeted again.
fn reopened_by(index: impl FnOnce(u32) -> u32) -> u64 {
    let lab = Lab::new();
    let mut reopened = 0;
    while_serving(&lab, |stats| {
        assert!(greeted(&lab));
        let old = lab.cut(NET1);
        lab.join(NET1, Some(index(old)));
        let back = Instant::now();
        while !greeted(&lab) {
            assert!(back.elapsed() < SOON, "deaf for {:?}", back.elapsed());
        }
        reopened = stats.reopened();
    });
    reopened
}

#[test]
fn a_plane_serves_again_when_its_interface_comes_back_as_another_one() {
    assert_eq!(reopened_by(|index| index + 1_000), 1);
}

/// The kernel finds the old listener again by the index, unless it was found deaf before.
#[test]
fn a_plane_serves_again_when_its_interface_comes_back_with_the_same_index() {
    assert!(reopened_by(|index| index) <= 1);
}

#[test]
fn a_connection_whose_interface_is_gone_is_ended_once() {
    let lab = Lab::new();
    let there = (NET1.world, PORT);
    // The kernel answers for it: nobody has to accept.
    let _listener = lab.world.run(async || StdListener::bind(there).unwrap());
    lab.pod.run(async || {
        let plane = Plane::bound(PlaneKind::Storage, NET1.interface).unwrap();
        let connected = connect(&plane, there.into(), ConnectOptions::default());
        let mut stream = connected.await.unwrap();
        assert_eq!(end_orphans().unwrap(), 0);
        lab.cut(NET1);
        lab.join(NET1, None);
        assert_eq!(end_orphans().unwrap(), 1);
        assert_eq!(end_orphans().unwrap(), 0);
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0, "it has ended");
    });
}
