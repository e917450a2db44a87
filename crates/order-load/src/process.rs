//! What the service costs, as the kernel tells it in procfs (`proc_pid_stat(5)`).

use std::time::Duration;

use crate::LoadError;

/// The unit of CPU times in procfs: `USER_HZ`, 100 on every architecture that Linux runs on today.
const TICK_MILLISECONDS: u64 = 10;

/// CPU time and memory of a process at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// User and system time of all threads since the start, in steps of 10 ms.
    pub cpu: Duration,
    /// Resident memory now, in KiB.
    pub resident_kib: u64,
    /// The most that was ever resident, in KiB.
    pub peak_kib: u64,
}

impl Usage {
    /// Reads it for a running process.
    pub fn of(pid: u32) -> Result<Self, LoadError> {
        let read = |name: &str| {
            let path = format!("/proc/{pid}/{name}");
            std::fs::read_to_string(&path).map_err(|source| LoadError::Proc { path, source })
        };
        let (stat, status) = (read("stat")?, read("status")?);
        Ok(Self {
            cpu: Duration::from_millis(cpu_ticks(&stat).unwrap_or(0) * TICK_MILLISECONDS),
            resident_kib: field_kib(&status, "VmRSS:").unwrap_or(0),
            peak_kib: field_kib(&status, "VmHWM:").unwrap_or(0),
        })
    }
}

/// Fields 14 and 15, counted behind the name, which may hold blanks and brackets itself.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11);
    let user: u64 = times.next()?.parse().ok()?;
    let system: u64 = times.next()?.parse().ok()?;
    Some(user + system)
}

fn field_kib(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 5 6 7";
        assert_eq!(cpu_ticks(stat), Some(300));
        assert_eq!(cpu_ticks("7 (x) S"), None);
    }

    #[test]
    fn memory_is_read_in_kib() {
        let status = "Name:\tx\nVmHWM:\t   40960 kB\nVmRSS:\t   20480 kB\n";
        assert_eq!(field_kib(status, "VmRSS:"), Some(20480));
        assert_eq!(field_kib(status, "VmSwap:"), None);
    }

    #[test]
    fn our_own_process_uses_memory_and_a_missing_one_is_named() {
        assert!(Usage::of(std::process::id()).unwrap().resident_kib > 0);
        let error = Usage::of(u32::MAX).unwrap_err().to_string();
        assert!(error.contains("/proc/4294967295/stat"), "{error}");
    }
}
