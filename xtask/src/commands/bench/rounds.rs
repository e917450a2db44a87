//! The rounds on PostgreSQL: each scenario between two runs of the yardstick, all again in each round,
//! so that whatever the machine does meanwhile befalls both sides of every ratio.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use super::database::Database;
use super::load::Figures;
use super::results::{Results, Sample};
use super::scenario::{Call, SCENARIOS, Scenario};
use super::yardstick::Yardstick;
use super::{Built, Length};
use crate::commands::Failure;
use crate::disk;
use crate::service::Service;

/// Orders that are placed to be read.
const READ_ORDERS: &str = "20000";

/// Everything that a round needs.
pub(super) struct Rounds<'a> {
    pub(super) built: &'a Built,
    pub(super) database: &'a Database,
    pub(super) service: &'a Service,
    pub(super) length: Length,
}

impl Rounds<'_> {
    /// Runs the chosen scenarios, or all, and prints each run as it ends.
    pub(super) fn run(&self, only: &[&'static Scenario]) -> Result<Results, Failure> {
        let yardstick = Yardstick::prepare(self.database, self.length.run_seconds)?;
        let mut echoes: [Option<Echo>; 2] = [None, None];
        let mut results = Results::default();
        println!("{}", Sample::head());
        for round in 1..=self.length.rounds {
            // A round writes less of the log than there is room for; so none waits for new files.
            self.database.checkpoint()?;
            let chosen = SCENARIOS
                .iter()
                .filter(|scenario| only.is_empty() || only.contains(scenario));
            let mut before = None;
            for scenario in chosen {
                let placing = scenario.call == Call::Place;
                if placing && before.is_none() {
                    before = Some(yardstick.run()?);
                }
                let flush = disk::median_flush(self.database.folder())?;
                let figures = match scenario.call {
                    Call::Place => self.place(scenario)?,
                    Call::Get => self.get(scenario)?,
                    Call::Echo | Call::TonicEcho => {
                        let size = size_of_get(&results);
                        let echo = match &mut echoes[usize::from(scenario.call == Call::Echo)] {
                            Some(echo) => echo,
                            none => none.insert(Echo::start(self.built, scenario.call, size)?),
                        };
                        self.echo(scenario, echo)?
                    }
                };
                let after = if placing {
                    Some(yardstick.run()?)
                } else {
                    None
                };
                let sample = Sample {
                    scenario,
                    round,
                    flush,
                    yardstick: before.filter(|_| placing).zip(after),
                    figures,
                };
                println!("{}", sample.row());
                results.0.push(sample);
                before = after;
            }
        }
        Ok(results)
    }

    fn place(&self, scenario: &Scenario) -> Result<Figures, Failure> {
        self.service.forget_peak()?;
        let mut load = self.load(scenario);
        Figures::of(self.served(scenario, &mut load))
    }

    fn get(&self, scenario: &Scenario) -> Result<Figures, Failure> {
        let mut load = self.load(scenario);
        load.args(["--ids", READ_ORDERS]);
        Figures::of(self.served(scenario, &mut load))
    }

    fn echo(&self, scenario: &Scenario, echo: &Echo) -> Result<Figures, Failure> {
        let mut load = self.load(scenario);
        load.args(["--url", &format!("http://{}", echo.address)]);
        Figures::of(load.args(["--pid", &echo.child.id().to_string()]))
    }

    fn load(&self, scenario: &Scenario) -> Command {
        let mut load = self.built.order_load(scenario.call.name());
        if !scenario.call.is_echo() {
            load.args(["--protocol", scenario.protocol]);
        }
        load.args(["--callers", &scenario.callers.to_string()])
            .args(["--connections", &scenario.connections.to_string()])
            .args(self.length.options());
        load
    }

    fn served<'a>(&self, scenario: &Scenario, load: &'a mut Command) -> &'a mut Command {
        let url = match scenario.protocol {
            "rest" => self.service.url(),
            _ => self.service.grpc_url(),
        };
        load.args(["--url", &url])
            .args(["--pid", &format!("service={}", self.service.pid())])
            .args(["--pid-tree", &format!("database={}", self.database.pid)])
    }
}

/// The echo answers with as many bytes as reading an order does.
fn size_of_get(results: &Results) -> u64 {
    /// An order of two lines, where nothing was read.
    const USUAL_ANSWER_BYTES: u64 = 400;
    let read = results.0.iter().rev();
    let mut read = read.filter(|sample| sample.scenario.call == Call::Get);
    read.next()
        .map_or(USUAL_ANSWER_BYTES, |sample| sample.figures.answer_bytes)
}

/// A running echo; dropping it ends it.
struct Echo {
    child: Child,
    address: String,
}

impl Echo {
    fn start(built: &Built, call: Call, answer_bytes: u64) -> Result<Self, Failure> {
        let bytes = answer_bytes.to_string();
        let mut serve = if call == Call::TonicEcho {
            let mut serve = Command::new(&built.tonic_echo);
            serve.arg(bytes);
            serve
        } else {
            let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
            let mut serve = built.order_load("echo-serve");
            // As many threads as the service has.
            serve.args(["--answer-bytes", &bytes, "--threads", &cores.to_string()]);
            serve
        };
        serve.stdout(Stdio::piped());
        let mut child = serve
            .spawn()
            .map_err(|error| Failure::while_doing("cannot start the echo", error))?;
        let mut address = String::new();
        if let Some(told) = child.stdout.take() {
            // An error leaves the address empty; the first call says so.
            let _ = BufReader::new(told).read_line(&mut address);
        }
        Ok(Self {
            child,
            address: address.trim().to_owned(),
        })
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        // Nothing more can be done about a process that is gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
