//! Disk full: a clear 503, everything there, and it goes on when there is room.

use crate::client::order;
use crate::service::Service;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// A small file system of its own; needs root, as `cargo xtask test` has in CI.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> SmallDisk {
        let disk = SmallDisk(tempfile::tempdir().unwrap());
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"])
            .arg(disk.0.path())
            .status();
        assert!(mounted.unwrap().success(), "mounting a tmpfs needs root");
        disk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .args(["-l"])
            .arg(self.0.path())
            .status();
    }
}

#[tokio::test]
async fn a_full_disk_is_told_and_survived() {
    let disk = SmallDisk::mount();
    let service = Service::start(&disk.path("orders.db"));
    let mut client = service.client();
    fs::write(disk.path("ballast"), vec![0; 1 << 20]).unwrap();
    let mut large = order(1);
    large["lines"] = vec![large["lines"][0].clone(); 200].into();
    let mut placed = Vec::new();
    let refused = loop {
        let answer = client
            .post("/v1/orders", &format!("k{}", placed.len()), large.clone())
            .await;
        if answer.status != 201 {
            break answer;
        }
        placed.push(answer.body);
        assert!(placed.len() < 10_000, "the disk never filled");
    };
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert_eq!(refused.body["code"], "unavailable");
    assert!(refused.headers.contains_key("retry-after"));
    // Callers are told that it is not their doing; what to do is told to those who can do it.
    service.wait_for_log(&["disk", "full", "orders.db"]);
    assert!(!placed.is_empty());
    for order in &placed {
        let path = format!("/v1/orders/{}", order["order_id"].as_str().unwrap());
        assert_eq!(&client.get(&path).await.body, order, "reads go on");
    }
    fs::remove_file(disk.path("ballast")).unwrap();
    let again = client
        .post("/v1/orders", &format!("k{}", placed.len()), large)
        .await;
    assert_eq!(
        again.status, 201,
        "with room again the refused key places: {}",
        again.body
    );
}
