//! What processes cost, as the kernel tells it in procfs (`proc_pid_stat(5)`).

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use crate::LoadError;

/// The unit of CPU times in procfs: `USER_HZ`, 100 on every architecture that Linux runs on today.
const TICK_MILLISECONDS: u64 = 10;
/// What a process is called that is given without a name.
const SERVICE: &str = "service";

/// A process whose cost is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// How the report calls it.
    pub name: String,
    /// Its process id.
    pub pid: u32,
    /// Whether its descendants count, also those that have ended, as PostgreSQL's sessions do.
    pub tree: bool,
}

/// CPU time and memory at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// User and system time of all threads since the start, in steps of 10 ms.
    pub cpu: Duration,
    /// Memory of one process; a tree has none, since its processes share most of theirs.
    pub memory: Option<Memory>,
}

/// Memory of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Resident now, in KiB.
    pub resident_kib: u64,
    /// The most that was ever resident, in KiB.
    pub peak_kib: u64,
}

impl FromStr for Watched {
    type Err = String;

    /// `PID` or `NAME=PID`; one process, not a tree.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, pid) = text.split_once('=').unwrap_or((SERVICE, text));
        let pid = pid.parse().ok().filter(|_| !name.is_empty());
        let pid = pid.ok_or_else(|| format!("{text:?} is no process id and no NAME=PID"))?;
        Ok(Self {
            name: name.to_owned(),
            pid,
            tree: false,
        })
    }
}

impl Watched {
    /// What it has used so far.
    pub fn usage(&self) -> Result<Usage, LoadError> {
        if self.tree {
            return tree_usage(self.pid);
        }
        Usage::of(self.pid)
    }
}

impl Usage {
    /// Reads it for a running process.
    pub fn of(pid: u32) -> Result<Self, LoadError> {
        let stat = Stat::of(pid)?;
        let status = read(&format!("/proc/{pid}/status"))?;
        Ok(Self {
            cpu: ticks(stat.own_ticks),
            memory: Some(Memory {
                resident_kib: field_kib(&status, "VmRSS:").unwrap_or(0),
                peak_kib: field_kib(&status, "VmHWM:").unwrap_or(0),
            }),
        })
    }
}

/// A process with all that descend from it. Who ends between two looks is in its parent's count then.
fn tree_usage(root: u32) -> Result<Usage, LoadError> {
    let top = Stat::of(root)?;
    let mut sum = top.own_ticks + top.ended_ticks;
    let mut children: BTreeMap<u32, Vec<(u32, Stat)>> = BTreeMap::new();
    for pid in all_processes()? {
        // Who is gone by now is counted by its parent.
        if let Ok(stat) = Stat::of(pid) {
            children.entry(stat.parent).or_default().push((pid, stat));
        }
    }
    let mut parents = vec![root];
    while let Some(parent) = parents.pop() {
        for (pid, stat) in children.remove(&parent).unwrap_or_default() {
            sum += stat.own_ticks + stat.ended_ticks;
            parents.push(pid);
        }
    }
    Ok(Usage {
        cpu: ticks(sum),
        memory: None,
    })
}

fn all_processes() -> Result<Vec<u32>, LoadError> {
    let entries = std::fs::read_dir("/proc").map_err(|source| LoadError::Proc {
        path: "/proc".to_owned(),
        source,
    })?;
    let names = entries.flatten().map(|entry| entry.file_name());
    Ok(names
        .filter_map(|name| name.to_str()?.parse().ok())
        .collect())
}

/// The fields of `/proc/PID/stat` that are used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    own_ticks: u64,
    /// Of children that have ended and were waited for.
    ended_ticks: u64,
}

impl Stat {
    fn of(pid: u32) -> Result<Self, LoadError> {
        let path = format!("/proc/{pid}/stat");
        Self::parse(&read(&path)?).ok_or_else(|| LoadError::Proc {
            path,
            source: std::io::Error::other("it has an unknown shape"),
        })
    }

    /// Field 4 and fields 14 to 17, counted behind the name, which may hold blanks and brackets.
    fn parse(stat: &str) -> Option<Self> {
        let (_, fields) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        Some(Self {
            parent: u32::try_from(number(1)?).ok()?,
            own_ticks: number(11)? + number(12)?,
            ended_ticks: number(13)? + number(14)?,
        })
    }
}

fn ticks(count: u64) -> Duration {
    Duration::from_millis(count * TICK_MILLISECONDS)
}

fn field_kib(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

fn read(path: &str) -> Result<String, LoadError> {
    std::fs::read_to_string(path).map_err(|source| LoadError::Proc {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 30 4 20 0 1 0 5 6 7";
        let expected = Stat {
            parent: 1,
            own_ticks: 300,
            ended_ticks: 34,
        };
        assert_eq!(Stat::parse(stat), Some(expected));
        assert_eq!(Stat::parse("7 (x) S"), None);
    }

    #[test]
    fn memory_is_read_in_kib() {
        let status = "Name:\tx\nVmHWM:\t   40960 kB\nVmRSS:\t   20480 kB\n";
        assert_eq!(field_kib(status, "VmRSS:"), Some(20480));
        assert_eq!(field_kib(status, "VmSwap:"), None);
    }

    #[test]
    fn our_own_process_uses_memory_and_a_missing_one_is_named() {
        let memory = Usage::of(std::process::id()).unwrap().memory;
        assert!(memory.unwrap().resident_kib > 0);
        let error = Usage::of(u32::MAX).unwrap_err().to_string();
        assert!(error.contains("/proc/4294967295/stat"), "{error}");
    }

    /// A child of a child burns a quarter of a second and ends; only the tree has its time.
    #[test]
    fn a_tree_counts_descendants_that_have_ended() {
        let burn = "(i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done); echo done; read end";
        let mut shell = Command::new("sh")
            .args(["-c", burn])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = std::io::BufReader::new(shell.stdout.take().unwrap());
        std::io::BufRead::read_line(&mut told, &mut String::new()).unwrap();
        let mut watched: Watched = format!("shell={}", shell.id()).parse().unwrap();
        let alone = watched.usage().unwrap().cpu;
        watched.tree = true;
        let tree = watched.usage().unwrap().cpu;
        drop(shell.stdin.take());
        shell.wait().unwrap();
        assert!(tree > alone, "{tree:?} {alone:?}");
    }

    #[test]
    fn a_process_is_named_or_is_the_service() {
        let service: Watched = "12".parse().unwrap();
        assert_eq!((service.name.as_str(), service.pid), ("service", 12));
        let database: Watched = "database=3".parse().unwrap();
        assert_eq!((database.name.as_str(), database.pid), ("database", 3));
        for wrong in ["", "=3", "a=", "a=b", "-1"] {
            assert!(wrong.parse::<Watched>().is_err(), "{wrong}");
        }
    }
}
