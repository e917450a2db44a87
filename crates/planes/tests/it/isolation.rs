//! Two planes of one pod: what binding to a device keeps apart, in real network namespaces.

use crate::netns::{Cable, Lab, NET1, NET2};
use planes::{
    ConnectOptions, ListenOptions, Listener, Plane, PlaneError, PlaneKind, connect, drain_channel,
    listen, wait_for_interface,
};
use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener, TcpStream as StdStream};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const PORT: u16 = 8080;

/// The greeting byte of each listener.
const BY_NET1: u8 = 1;
const BY_NET2: u8 = 2;
const BY_NO_DEVICE: u8 = 3;

fn plane(cable: Cable) -> Plane {
    Plane::bound(PlaneKind::Data, cable.interface).unwrap()
}

fn listener(plane: &Plane, address: Ipv4Addr) -> Listener {
    let address = SocketAddr::from((address, PORT));
    listen(plane, address, ListenOptions::default()).unwrap()
}

/// Every peer gets the byte that tells the listener.
async fn greet(listener: Listener, byte: u8) {
    loop {
        let (mut stream, _) = listener.accept().await;
        // A peer that has gone already is not this listener's concern.
        let _ = stream.write_u8(byte).await;
    }
}

/// Runs `work` while the pod's listeners greet.
fn while_greeting<T>(
    lab: &Lab,
    listeners: impl FnOnce() -> Vec<(Listener, u8)> + Send,
    work: impl FnOnce() -> T,
) -> T {
    let (stop, stopped) = drain_channel();
    let (ready, listening) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        // Dropped before the scope waits, by a panic too.
        let _stop = stop;
        scope.spawn(move || {
            lab.pod.block_on(async || {
                for (listener, byte) in listeners() {
                    tokio::spawn(greet(listener, byte));
                }
                ready.send(()).unwrap();
                stopped.started().await;
            });
        });
        listening.recv().expect("the listeners could not be made");
        work()
    })
}

/// Connects from the world and gives the greeting.
fn greeting(lab: &Lab, to: Ipv4Addr) -> Result<u8, ErrorKind> {
    lab.world.run(async || {
        let to = SocketAddr::from((to, PORT));
        let greeted =
            StdStream::connect_timeout(&to, Duration::from_secs(5)).and_then(|mut stream| {
                let mut byte = [0];
                stream.read_exact(&mut byte)?;
                Ok(byte[0])
            });
        greeted.map_err(|error| error.kind())
    })
}

#[test]
fn listeners_on_two_devices_share_a_port_and_each_serves_its_own() {
    let lab = Lab::new();
    let everywhere = Ipv4Addr::UNSPECIFIED;
    let listeners = || {
        vec![
            (listener(&plane(NET1), everywhere), BY_NET1),
            (listener(&plane(NET2), everywhere), BY_NET2),
        ]
    };
    while_greeting(&lab, listeners, || {
        assert_eq!(greeting(&lab, NET1.pod), Ok(BY_NET1));
        assert_eq!(greeting(&lab, NET2.pod), Ok(BY_NET2));
    });
}

#[test]
fn a_client_by_another_device_does_not_reach_a_bound_listener() {
    let lab = Lab::new();
    // The address of net1, by way of net2: the kernel takes it in (weak host model).
    lab.world.ip(&format!(
        "route add {}/32 via {} dev net2",
        NET1.pod, NET2.pod
    ));

    let by_address_alone = || {
        vec![(
            listener(&Plane::unbound(PlaneKind::Data), NET1.pod),
            BY_NO_DEVICE,
        )]
    };
    let reached = while_greeting(&lab, by_address_alone, || greeting(&lab, NET1.pod));
    assert_eq!(
        reached,
        Ok(BY_NO_DEVICE),
        "the lab shows no leak to be held"
    );

    let by_device = || vec![(listener(&plane(NET1), Ipv4Addr::UNSPECIFIED), BY_NET1)];
    while_greeting(&lab, by_device, || {
        assert_eq!(greeting(&lab, NET2.pod), Err(ErrorKind::ConnectionRefused));
        assert_eq!(greeting(&lab, NET1.pod), Err(ErrorKind::ConnectionRefused));
    });
}

#[test]
fn a_connection_never_leaves_by_another_device_than_its_planes() {
    let lab = Lab::new();
    // Else the world answers on net1 for its address of net2 (ARP flux), and there is a way.
    lab.world.sysctl("net.ipv4.conf.all.arp_ignore=1");
    let peer = SocketAddr::from((NET2.world, PORT));
    let server = lab.world.run(async || StdListener::bind(peer).unwrap());
    server.set_nonblocking(true).unwrap();

    let options = ConnectOptions::default();
    let unbound = Plane::unbound(PlaneKind::Data);
    lab.pod
        .run(async || connect(&unbound, peer, options).await.unwrap());
    server.accept().expect("the lab shows no way to be closed");

    let error = lab
        .pod
        .run(async || connect(&plane(NET1), peer, options).await.unwrap_err());
    let text = error.to_string();
    assert!(
        text.contains("on the plane's device") && text.contains("RTE003"),
        "{text}"
    );
    assert_eq!(server.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn a_blackhole_ends_in_three_seconds_or_at_the_callers_timeout() {
    let lab = Lab::new();
    let nobody = Ipv4Addr::new(10, 20, 0, 77);
    lab.pod.ip(&format!(
        "neighbour add {nobody} lladdr 02:00:00:00:00:77 dev net1"
    ));
    let peer = SocketAddr::from((nobody, PORT));
    let try_for = |timeout| {
        let options = ConnectOptions {
            timeout,
            ..ConnectOptions::default()
        };
        lab.pod.run(async move || {
            let start = Instant::now();
            let error = connect(&plane(NET1), peer, options).await.unwrap_err();
            (error, start.elapsed())
        })
    };

    let (error, took) = try_for(Duration::from_millis(300));
    assert!(
        matches!(error, PlaneError::ConnectTimeout { .. }),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("10.20.0.77:8080 within 300ms"),
        "{error}"
    );
    assert!(took < Duration::from_secs(2), "{took:?}");

    let (error, took) = try_for(Duration::from_secs(15));
    assert!(matches!(error, PlaneError::Connect { .. }), "{error:?}");
    assert!(error.to_string().contains("nobody answers"), "{error}");
    assert!(
        took > Duration::from_secs(2) && took < Duration::from_secs(6),
        "{took:?}"
    );
}

#[test]
fn an_idle_connection_to_a_dead_peer_ends() {
    let lab = Lab::new();
    let server = lab
        .world
        .run(async || StdListener::bind((NET1.world, PORT)).unwrap());
    let peer = server.local_addr().unwrap();
    let ended = lab.pod.run(async || {
        let mut stream = connect(&plane(NET1), peer, ConnectOptions::default())
            .await
            .unwrap();
        // The peer's host goes without a word.
        lab.world.ip("link set net1 down");
        stream.read_u8().await.unwrap_err().kind()
    });
    assert!(
        matches!(ended, ErrorKind::TimedOut | ErrorKind::HostUnreachable),
        "{ended:?}"
    );
}

#[test]
fn an_interface_that_comes_late_is_waited_for() {
    let lab = Lab::new();
    lab.pod.run(async || {
        let late = Plane::bound(PlaneKind::Storage, "net7").unwrap();
        let (waited, ()) = tokio::join!(
            wait_for_interface(&late, Duration::from_secs(15)),
            // Polled after the first look, which found nothing.
            async {
                lab.pod.ip("link add net7 type veth peer name net7-peer");
            }
        );
        waited.unwrap();
        listener(&late, Ipv4Addr::UNSPECIFIED);
    });
}
