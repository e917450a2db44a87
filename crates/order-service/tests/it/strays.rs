//! A connection that the service itself makes past its planes: ended, told and counted.

use crate::netns::Namespace;
use crate::service::{Service, binary, folder};
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

/// No step takes longer; only a failure does.
const PATIENCE: Duration = Duration::from_secs(20);
const PEER: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 2);

#[test]
fn a_stray_of_the_service_is_ended_told_and_counted() {
    let (pod, world, (_folder, database)) = (Namespace::new(), Namespace::new(), folder());
    pod.cable_to("net1", &world);
    pod.ip("address add 10.20.0.1/24 dev net1");
    world.ip(&format!("address add {PEER}/24 dev net1"));
    let listener = world.listen(SocketAddr::from((PEER, 0)));
    let (peer, database) = (
        listener.local_addr().unwrap().to_string(),
        format!("sqlite:{}", database.display()),
    );
    let settings = [
        ("DATABASE_URL", database.as_str()),
        ("DATA_INTERFACE", "net1"),
        ("HTTP_LISTEN_ADDR", "0.0.0.0:8080"),
        ("GRPC_LISTEN_ADDR", "0.0.0.0:9090"),
        ("STRAY_PEER", &peer),
    ];
    let service = Service::start_by(pod.within(&binary()), &settings, |_| ());
    let (mut stray, from) = listener.accept().unwrap();
    assert_eq!(from.ip(), Ipv4Addr::new(10, 20, 0, 1));
    stray.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(stray.read(&mut [0]).unwrap(), 0, "it is still there");
    service.wait_for_log(&["SOC001", &peer, "it was ended"]);
    let counted = [
        "plane_socket_violations_total{plane=\"data\",actual=\"unbound\",owner=\"own\"} 1",
        "plane_sockets_ended_total 1",
    ];
    let started = Instant::now();
    let url = format!("http://{}/metrics", service.management);
    loop {
        let (_, metrics) = pod.get(&url);
        if counted
            .iter()
            .all(|line| metrics.lines().any(|told| told == *line))
        {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "{metrics}");
        std::thread::sleep(Duration::from_millis(50));
    }
    // And on the dashboard, in words.
    let url = format!("http://{}/api/status", service.management);
    let (_, told) = pod.get(&url);
    let status: serde_json::Value = serde_json::from_str(&told).unwrap();
    let violations = &status["violations"];
    assert_eq!(violations["last_24_hours"], 1, "{told}");
    let words =
        "order-service tried to reach the data network from a socket that is bound to no interface";
    assert_eq!(violations["top"]["words"], words);
    // It goes on serving.
    let url = format!("http://{}/readyz", service.management);
    assert_eq!(pod.get(&url).0, 200);
}
