//! Sockets on `lo`, which every machine has and binding to which needs no privilege.

use crate::{connect_unbound, exchange, localhost, unbound_listener, within};
use planes::{
    ConnectOptions, ListenOptions, Plane, PlaneError, PlaneKind, Timers, connect, listen,
    wait_for_interface,
};
use socket2::SockRef;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::AsyncReadExt;

#[tokio::test]
async fn every_socket_of_a_bound_plane_is_bound_and_has_the_timers() {
    let plane = Plane::loopback();
    let listener = listen(&plane, localhost(0), ListenOptions::default()).unwrap();
    let (connected, accepted) = within(async {
        tokio::join!(
            connect(&plane, listener.local_addr(), ConnectOptions::default()),
            listener.accept()
        )
    })
    .await;
    let (connected, (accepted, peer)) = (connected.unwrap(), accepted);
    assert_eq!(peer, connected.local_addr().unwrap());

    let listening = SockRef::from(&listener);
    for socket in [
        listening,
        SockRef::from(&connected),
        SockRef::from(&accepted),
    ] {
        assert_eq!(socket.device().unwrap().as_deref(), Some(&b"lo"[..]));
        assert!(socket.tcp_nodelay().unwrap());
        assert!(socket.keepalive().unwrap());
        assert_eq!(
            socket.tcp_user_timeout().unwrap(),
            Some(Duration::from_secs(3))
        );
        assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(1));
        assert_eq!(
            socket.tcp_keepalive_interval().unwrap(),
            Duration::from_secs(1)
        );
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), 3);
    }
}

#[tokio::test]
async fn an_edge_can_choose_its_timers() {
    let timers = Timers {
        user_timeout: Duration::from_secs(30),
        ..Timers::DEFAULT
    };
    let options = ListenOptions {
        timers,
        ..ListenOptions::default()
    };
    let listener = listen(&Plane::unbound(PlaneKind::Data), localhost(0), options).unwrap();
    let _client = connect_unbound(listener.local_addr()).await;
    let (accepted, _) = within(listener.accept()).await;
    assert_eq!(
        SockRef::from(&accepted).tcp_user_timeout().unwrap(),
        Some(Duration::from_secs(30))
    );
}

#[tokio::test]
async fn an_unbound_plane_binds_to_no_device() {
    let listener = unbound_listener();
    assert_eq!(SockRef::from(&listener).device().unwrap(), None);
}

#[tokio::test]
async fn an_absent_device_is_an_error_never_an_unbound_socket() {
    let plane = Plane::bound(PlaneKind::Data, "absent0").unwrap();
    let listening = listen(&plane, localhost(0), ListenOptions::default()).unwrap_err();
    let connecting = connect(&plane, localhost(9), ConnectOptions::default())
        .await
        .unwrap_err();
    for error in [listening, connecting] {
        assert!(matches!(error, PlaneError::NoDevice { .. }), "{error:?}");
        let text = error.to_string();
        assert!(
            text.starts_with("data plane: interface absent0 does not exist (ENODEV)"),
            "{text}"
        );
        assert!(
            text.contains("DATA_INTERFACE") && text.contains("Multus"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn an_absent_interface_is_waited_for_then_named() {
    wait_for_interface(&Plane::loopback(), Duration::ZERO)
        .await
        .unwrap();
    wait_for_interface(&Plane::unbound(PlaneKind::Data), Duration::ZERO)
        .await
        .unwrap();
    let plane = Plane::bound(PlaneKind::Storage, "absent0").unwrap();
    let error = wait_for_interface(&plane, Duration::from_millis(200))
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("storage plane: interface absent0 did not appear within 200ms"),
        "{text}"
    );
    assert!(text.contains("STORAGE_INTERFACE"), "{text}");
}

#[tokio::test]
async fn a_taken_address_is_named_also_across_planes() {
    let taken = unbound_listener().local_addr();
    let stray = listen(
        &Plane::unbound(PlaneKind::Data),
        taken,
        ListenOptions::default(),
    )
    .unwrap();
    // A listener that is bound to no device takes the port from every plane.
    let error = listen(&Plane::loopback(), taken, ListenOptions::default()).unwrap_err();
    assert!(
        matches!(error, PlaneError::AddressInUse { .. }),
        "{error:?}"
    );
    let text = error.to_string();
    assert!(
        text.contains(&taken.to_string()) && text.contains("default plane (lo)"),
        "{text}"
    );
    drop(stray);
}

#[tokio::test]
async fn listeners_that_ask_for_it_share_an_address() {
    let plane = Plane::unbound(PlaneKind::Data);
    let options = ListenOptions {
        reuse_port: true,
        ..ListenOptions::default()
    };
    let first = listen(&plane, localhost(0), options).unwrap();
    let second = listen(&plane, first.local_addr(), options).unwrap();
    assert_eq!(first.local_addr(), second.local_addr());
}

#[tokio::test]
async fn a_foreign_local_address_is_named() {
    // TEST-NET-1 (RFC 5737): no machine has it.
    let foreign = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), 0));
    let plane = Plane::unbound(PlaneKind::Storage);
    let listening = listen(&plane, foreign, ListenOptions::default()).unwrap_err();
    let options = ConnectOptions {
        source: Some(foreign.ip()),
        ..ConnectOptions::default()
    };
    let connecting = connect(&plane, localhost(9), options).await.unwrap_err();
    for error in [listening, connecting] {
        assert!(
            matches!(error, PlaneError::AddressNotHere { .. }),
            "{error:?}"
        );
        assert!(error.to_string().contains("192.0.2.1"), "{error}");
    }
}

#[tokio::test]
async fn a_connection_comes_from_the_source_that_was_asked_for() {
    let listener = unbound_listener();
    let source = Ipv4Addr::new(127, 0, 0, 77).into();
    let options = ConnectOptions {
        source: Some(source),
        ..ConnectOptions::default()
    };
    let plane = Plane::unbound(PlaneKind::Data);
    let _client = connect(&plane, listener.local_addr(), options)
        .await
        .unwrap();
    let (_, peer) = within(listener.accept()).await;
    assert_eq!(peer.ip(), source);
}

#[tokio::test]
async fn a_refused_connection_says_that_nothing_listens() {
    let gone = unbound_listener().local_addr();
    let plane = Plane::unbound(PlaneKind::Storage);
    let error = connect(&plane, gone, ConnectOptions::default())
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains(&gone.to_string()) && text.contains("nothing listens"),
        "{text}"
    );
}

#[tokio::test]
async fn an_accept_that_is_cancelled_loses_no_connection() {
    let listener = unbound_listener();
    let cancelled = tokio::time::timeout(Duration::from_millis(1), listener.accept()).await;
    assert!(cancelled.is_err());
    let mut client = connect_unbound(listener.local_addr()).await;
    let (mut accepted, _) = within(listener.accept()).await;
    let echo = async { tokio::io::AsyncWriteExt::write_u8(&mut accepted, 7).await };
    within(echo).await.unwrap();
    assert_eq!(within(client.read_u8()).await.unwrap(), 7);
}

#[test]
fn outside_a_runtime_listening_is_an_error_not_a_panic() {
    let plane = Plane::unbound(PlaneKind::Data);
    let error = listen(&plane, localhost(0), ListenOptions::default()).unwrap_err();
    assert!(error.to_string().contains("Tokio runtime"), "{error}");
}

#[tokio::test]
async fn a_probe_on_the_loopback_plane_is_answered() {
    let listener = listen(&Plane::loopback(), localhost(0), ListenOptions::default()).unwrap();
    let mut client = connect_unbound(listener.local_addr()).await;
    let (mut accepted, _) = within(listener.accept()).await;
    let echo = tokio::spawn(async move {
        let byte = accepted.read_u8().await.unwrap();
        tokio::io::AsyncWriteExt::write_u8(&mut accepted, byte)
            .await
            .unwrap();
    });
    assert_eq!(exchange(&mut client, 5).await, Some(5));
    echo.await.unwrap();
}
