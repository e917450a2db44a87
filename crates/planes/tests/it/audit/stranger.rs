//! Another user's process in the pod, which knows nothing of planes.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

pub(super) const ANOTHER_UID: u32 = 65_533;

/// A process of another user, which makes sockets that are bound to nothing.
pub(super) struct Stranger(Child);

impl Stranger {
    /// Holds a connection, in this thread's network namespace.
    pub(super) fn connect(to: SocketAddr) -> Stranger {
        let (ip, port) = (to.ip(), to.port());
        Stranger::run(&format!("exec 3<>/dev/tcp/{ip}/{port}; echo done; read"))
    }

    /// Sends a datagram and closes the socket, in this thread's network namespace.
    pub(super) fn send(to: SocketAddr) -> Stranger {
        let (ip, port) = (to.ip(), to.port());
        let send = format!("exec 3<>/dev/udp/{ip}/{port}; echo >&3; exec 3>&-;");
        Stranger::run(&format!("{send} echo done; read"))
    }

    fn run(script: &str) -> Stranger {
        let mut child = Command::new("bash")
            .args(["-c", script])
            .uid(ANOTHER_UID)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let told = child.stdout.as_mut().unwrap();
        BufReader::new(told).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "done", "it could not connect");
        Stranger(child)
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
