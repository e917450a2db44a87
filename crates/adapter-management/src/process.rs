//! The process's own metrics, by the names that every Prometheus client uses, read from `/proc` at
//! each scrape: some 100 µs, nothing between scrapes. What `/proc` does not tell is left out.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use std::fmt;
use std::fs;
use std::time::Duration;

/// The kernel counts time for user space in hundredths of a second (`USER_HZ`), whatever its own tick.
const TICK_MS: u64 = 10;

/// Registers `process_*` and `build_info{version}`. `registry` must have no prefix.
pub fn register_process_metrics(registry: &mut Registry, version: &'static str) {
    let build = Info::new([("version", version)]);
    registry.register("build", "What runs here", build);
    registry.register_collector(Box::new(ProcessCollector {
        start_seconds: start_seconds(),
    }));
}

#[derive(Debug)]
struct ProcessCollector {
    /// Read once: the kernel derives it from the wall clock, which may be stepped.
    start_seconds: Option<f64>,
}

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let mut out = Output(&mut encoder);
        if let Some(stat) = Stat::read() {
            let cpu = ConstCounter::new(stat.cpu.as_secs_f64());
            let help = "User and system CPU time spent";
            out.metric("process_cpu", Some(&Unit::Seconds), help, &cpu)?;
            let threads = ConstGauge::new(stat.threads);
            out.metric("process_threads", None, "Threads", &threads)?;
        }
        if let Some(bytes) = resident_bytes() {
            let (help, gauge) = ("Resident memory", ConstGauge::new(bytes));
            out.metric("process_resident_memory", Some(&Unit::Bytes), help, &gauge)?;
        }
        if let Some(open) = open_descriptors() {
            let gauge = ConstGauge::new(open);
            out.metric("process_open_fds", None, "Open file descriptors", &gauge)?;
        }
        if let Some(most) = max_descriptors() {
            let (help, gauge) = ("Most file descriptors allowed", ConstGauge::new(most));
            out.metric("process_max_fds", None, help, &gauge)?;
        }
        if let Some(start) = self.start_seconds {
            let (help, gauge) = ("Start since the Unix epoch", ConstGauge::new(start));
            out.metric("process_start_time", Some(&Unit::Seconds), help, &gauge)?;
        }
        Ok(())
    }
}

struct Output<'a, 'b>(&'a mut DescriptorEncoder<'b>);

impl Output<'_, '_> {
    fn metric(
        &mut self,
        name: &str,
        unit: Option<&Unit>,
        help: &str,
        metric: &impl EncodeMetric,
    ) -> fmt::Result {
        let kind = metric.metric_type();
        metric.encode(self.0.encode_descriptor(name, help, unit, kind)?)
    }
}

/// What `/proc/self/stat` tells (`proc_pid_stat(5)`).
struct Stat {
    cpu: Duration,
    threads: u64,
    start_after_boot: Duration,
}

impl Stat {
    fn read() -> Option<Self> {
        Self::parse(&fs::read_to_string("/proc/self/stat").ok()?)
    }

    /// The second field is the command's name in brackets and may hold anything, so fields are
    /// counted from the last bracket; the first after it is field 3.
    fn parse(text: &str) -> Option<Self> {
        let (_, fields) = text.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Self {
            cpu: ticks(field(14)?.checked_add(field(15)?)?),
            threads: field(20)?,
            start_after_boot: ticks(field(22)?),
        })
    }
}

fn ticks(count: u64) -> Duration {
    Duration::from_millis(count.saturating_mul(TICK_MS))
}

fn start_seconds() -> Option<f64> {
    let boot = number_after(&fs::read_to_string("/proc/stat").ok()?, "btime ")?;
    let after_boot = Stat::read()?.start_after_boot;
    let since_epoch = Duration::from_secs(boot).checked_add(after_boot)?;
    Some(since_epoch.as_secs_f64())
}

fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    number_after(&status, "VmRSS:")?.checked_mul(1024)
}

/// Without the descriptor by which they are counted.
fn open_descriptors() -> Option<u64> {
    let count = fs::read_dir("/proc/self/fd").ok()?.count();
    u64::try_from(count).ok()?.checked_sub(1)
}

/// `unlimited` is no number, and left out.
fn max_descriptors() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    number_after(&limits, "Max open files")
}

/// The first word, as a number, after `label` at the start of a line.
fn number_after(text: &str, label: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(label))?;
    rest.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commands_name_may_hold_blanks_and_brackets() {
        let text =
            "42 (a) b ) R 1 42 42 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 7 0 12345 1000000 500 1 1";
        let stat = Stat::parse(text).unwrap();
        assert_eq!(stat.cpu, Duration::from_secs(3));
        assert_eq!(stat.threads, 7);
        assert_eq!(stat.start_after_boot, Duration::from_millis(123_450));
        assert!(Stat::parse("42 (cut short) R 1").is_none());
    }

    #[test]
    fn numbers_are_found_by_their_label() {
        let text = "VmHWM:\t  99 kB\nVmRSS:\t   2048 kB\nMax open files            1024                 4096   files\n";
        assert_eq!(number_after(text, "VmRSS:"), Some(2048));
        assert_eq!(number_after(text, "Max open files"), Some(1024));
        assert_eq!(
            number_after("Max open files  unlimited", "Max open files"),
            None
        );
        assert_eq!(number_after(text, "absent"), None);
    }
}
