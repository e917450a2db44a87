//! One server's process: killed, stopped, started again, paused and resumed.

use super::install::run;
use super::offspring;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a server may take to stop by itself, on the slowest machine.
const STOP_SECONDS: u64 = 60;
/// How often to look.
pub(crate) const LOOK: Duration = Duration::from_millis(10);

/// Dropping it kills the process.
#[derive(Debug, Default)]
pub(crate) struct Process(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    child: Option<Child>,
    paused: bool,
}

impl Process {
    /// Runs `command`; whatever ran before has ended.
    pub(crate) fn start(&self, command: Command) {
        let mut state = self.state();
        assert!(state.child.is_none(), "it is running already");
        let child = offspring::spawn(command);
        state.child = Some(child.expect("setpriv starts the server (Debian: util-linux)"));
    }

    /// Whether it answers: started, not paused, and not ended by itself.
    pub(crate) fn answers(&self) -> bool {
        let mut state = self.state();
        let running = state.child.as_mut().is_some_and(|child| {
            let ended = child.try_wait().expect("a child can be asked");
            ended.is_none()
        });
        running && !state.paused
    }

    /// SIGKILL, as the kernel's out-of-memory killer would. Does nothing where it has ended.
    pub(crate) fn kill9(&self) {
        let mut state = self.state();
        state.paused = false;
        if let Some(mut child) = state.child.take() {
            child.kill().expect("the server can be killed");
            child.wait().expect("the server can be waited for");
        }
    }

    /// SIGTERM, and waits for the end. False where that does not come; the process goes on.
    pub(crate) fn stop(&self) -> bool {
        self.resume();
        self.signal("TERM");
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(STOP_SECONDS) {
            let mut state = self.state();
            let Some(child) = state.child.as_mut() else {
                return true;
            };
            if child.try_wait().expect("a child can be asked").is_some() {
                state.child = None;
                return true;
            }
            drop(state);
            std::thread::sleep(LOOK);
        }
        false
    }

    /// SIGSTOP: connections stay open, and nothing answers.
    pub(crate) fn pause(&self) {
        self.signal("STOP");
        self.state().paused = true;
    }

    /// SIGCONT.
    pub(crate) fn resume(&self) {
        self.signal("CONT");
        self.state().paused = false;
    }

    /// Its number, while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.state().child.as_ref().map(Child::id)
    }

    fn signal(&self, name: &str) {
        if let Some(pid) = self.pid() {
            run(Command::new("kill")
                .arg(format!("-{name}"))
                .arg(pid.to_string()));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut child) = self.state().child.take() {
            _ = child.kill();
            _ = child.wait();
        }
    }
}
