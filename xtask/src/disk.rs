//! The disk beneath a benchmark: how long a flush takes, to be read beside every figure.
//!
//! Every acknowledgement of the service is a durable commit, so its speed is the disk's too, and
//! the disk of a rented machine changes within the hour.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::commands::Failure;

/// Flushes that are measured; enough for a stable median, few enough for a slow disk.
const PROBE_FLUSHES: usize = 200;
/// A disk page, the least that a database flushes.
const PAGE_BYTES: usize = 4096;

/// The median time of overwriting one page in `folder` and flushing it with `fdatasync`.
pub(crate) fn median_flush(folder: &Path) -> Result<Duration, Failure> {
    let path = folder.join("flush-probe");
    let result = probe(&path);
    let removed = std::fs::remove_file(&path);
    let mut times = result
        .map_err(|error| Failure::while_doing(format!("cannot probe {}", path.display()), error))?;
    removed.map_err(|error| {
        Failure::while_doing(format!("cannot remove {}", path.display()), error)
    })?;
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

fn probe(path: &Path) -> std::io::Result<Vec<Duration>> {
    let mut file = File::create(path)?;
    let page = [0x5a_u8; PAGE_BYTES];
    (0..PROBE_FLUSHES)
        .map(|_| {
            let started = Instant::now();
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&page)?;
            file.sync_data()?;
            Ok(started.elapsed())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_probed_and_left_clean() {
        let folder = std::env::temp_dir().join(format!("xtask-disk-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        assert!(median_flush(&folder).unwrap() > Duration::ZERO);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
        std::fs::remove_dir(&folder).unwrap();
        assert!(median_flush(&folder).is_err());
    }
}
