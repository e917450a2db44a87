//! What happened in a world, line by line: the last lines to read, and a digest of all of them by which
//! two runs of one seed are compared.

use std::collections::VecDeque;
use std::fmt::Arguments;
use std::sync::Mutex;
use tokio::time::Instant;

/// Lines that are kept.
const KEPT_LINES: usize = 20_000;
/// Lines of a failure's story, at most.
const STORY_LINES: usize = 60;

/// The trace of one world.
#[derive(Debug)]
pub(crate) struct Trace {
    start: Instant,
    lines: Mutex<Lines>,
}

#[derive(Debug)]
struct Lines {
    kept: VecDeque<String>,
    /// FNV-1a over every line.
    digest: u64,
    count: u64,
}

impl Trace {
    /// From now on.
    pub(crate) fn begin() -> Trace {
        let lines = Lines {
            kept: VecDeque::new(),
            digest: 0xCBF2_9CE4_8422_2325,
            count: 0,
        };
        Trace {
            start: Instant::now(),
            lines: Mutex::new(lines),
        }
    }

    /// Virtual milliseconds since the world began.
    pub(crate) fn millis(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn note(&self, what: Arguments<'_>) {
        let line = format!("{:>8} {what}", self.millis());
        let mut lines = self.lines.lock().expect("nothing panics under this lock");
        for byte in line.bytes() {
            lines.digest = (lines.digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
        lines.count += 1;
        if lines.kept.len() == KEPT_LINES {
            lines.kept.pop_front();
        }
        lines.kept.push_back(line);
    }

    /// The digest, and how many lines it is of.
    pub(crate) fn digest(&self) -> (u64, u64) {
        let lines = self.lines.lock().expect("nothing panics under this lock");
        (lines.digest, lines.count)
    }

    /// The lines that speak of `about`; where there are none, the last ones.
    pub(crate) fn story(&self, about: &str) -> Vec<String> {
        let lines = self.lines.lock().expect("nothing panics under this lock");
        let speaks = |line: &&String| {
            let mut words = line.split(|c: char| c.is_whitespace() || ":,".contains(c));
            words.any(|word| word == about)
        };
        let mut story: Vec<String> = lines.kept.iter().filter(speaks).cloned().collect();
        if story.is_empty() {
            story = lines.kept.iter().cloned().collect();
        }
        story.split_off(story.len().saturating_sub(STORY_LINES))
    }
}
