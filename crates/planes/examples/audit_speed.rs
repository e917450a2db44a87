//! How long an audit of a thousand sockets takes: `cargo run --release -p planes --example audit_speed`.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it makes sockets to be counted, and prints what it measured"
)]

use planes::{Auditor, Plane, PlaneKind};
use std::error::Error;
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

const CONNECTIONS: usize = 400;
const DATAGRAM_SOCKETS: usize = 200;
const PASSES: usize = 200;

fn main() -> Result<(), Box<dyn Error>> {
    let limit = rustix::process::Resource::Nofile;
    let mut descriptors = rustix::process::getrlimit(limit);
    descriptors.current = descriptors.maximum;
    rustix::process::setrlimit(limit, descriptors)?;

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        let near = TcpStream::connect(listener.local_addr()?)?;
        connections.push((near, listener.accept()?.0));
    }
    let datagrams = (0..DATAGRAM_SOCKETS).map(|_| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)));
    let datagrams = datagrams.collect::<Result<Vec<_>, _>>()?;

    // Whether the interface exists makes no difference to what is measured: all is on loopback.
    let mut auditor = Auditor::new(vec![Plane::bound(PlaneKind::Data, "net1")?])?;
    let mut times = Vec::new();
    let mut sockets = 0;
    for _ in 0..PASSES {
        let audit = auditor.audit()?;
        sockets = audit.sockets.len();
        times.push(audit.took);
    }
    times.sort_unstable();
    let at = |percent: usize| -> Duration {
        times
            .get(PASSES * percent / 100)
            .copied()
            .unwrap_or_default()
    };
    println!(
        "{sockets} sockets, {PASSES} audits: median {:?}, 99 % within {:?}",
        at(50),
        at(99)
    );
    drop((connections, datagrams));
    Ok(())
}
