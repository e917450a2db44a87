//! A disk that is full: changes are refused in clear words, reads go on, and once there is room the
//! store goes on by itself.

use crate::support::{all_events, open};
use order_core::ports::{OrderStore, StoreError};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;
use testkit::desk::{done, order_of};
use testkit::{Desk, new_order};

const DISK_MIB: usize = 8;
const BALLAST_MIB: usize = 3;

/// A small file system in memory, which goes with the guard.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount() -> SmallDisk {
        let folder = TempDir::new().unwrap();
        let size = format!("size={DISK_MIB}m");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder.path())
            .status()
            .expect("`mount` is installed (Debian: package mount)");
        assert!(
            mounted.success(),
            "a small disk can be mounted: this test runs as root"
        );
        SmallDisk(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, for a test that failed may still have its database open.
        _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

fn ballast(small: &SmallDisk) -> PathBuf {
    let path = small.path().join("ballast");
    std::fs::write(&path, vec![1; BALLAST_MIB * 1024 * 1024]).unwrap();
    path
}

#[tokio::test]
async fn a_full_disk_refuses_changes_keeps_what_it_has_and_goes_on_when_there_is_room() {
    let small = SmallDisk::mount();
    let ballast = ballast(&small);
    let store = open(small.path()).await;
    let desk = Desk::new();
    let mut kept = Vec::new();
    let refused = loop {
        let change = desk.place(new_order().lines(200));
        let order = order_of(&change);
        match store.commit(change).await {
            Ok(_) => kept.push(order),
            Err(error) => break error,
        }
    };
    let StoreError::Unavailable { detail } = &refused else {
        panic!("{refused:?}")
    };
    assert!(
        detail.contains("orders.db") && detail.contains("make room"),
        "{detail}"
    );
    assert!(kept.len() > 10, "it was full after {} orders", kept.len());

    // What was answered is there, in every way of reading; the probes are told.
    assert_eq!(all_events(&store).await.len(), kept.len());
    for order in &kept {
        assert_eq!(
            store.load(order.order_id).await.unwrap().as_ref(),
            Some(order)
        );
    }
    assert!(store.stats().last_failure.is_some());
    assert!(
        store
            .commit(desk.place(new_order().lines(1_000)))
            .await
            .is_err()
    );

    std::fs::remove_file(ballast).unwrap();
    store.ping().await.unwrap();
    assert!(store.stats().last_failure.is_none());
    for _ in 0..20 {
        kept.push(done(&store, desk.place(new_order().lines(200))).await);
    }
    store.close().await.unwrap();

    let store = open(small.path()).await;
    let events = all_events(&store).await;
    let placed: Vec<Arc<_>> = events
        .iter()
        .map(|recorded| Arc::clone(&recorded.event.order))
        .collect();
    assert_eq!(placed, kept);
    assert!(
        (1..)
            .zip(&events)
            .all(|(offset, recorded)| recorded.position.offset == offset)
    );
    store.close().await.unwrap();
    assert_eq!(integrity(&small.path().join("orders.db")).await, "ok");
}

/// What SQLite's own check of the file says.
pub(crate) async fn integrity(path: &Path) -> String {
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let found = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    found
}
