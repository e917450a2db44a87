//! `cargo xtask lab`: the service in pods made by the real CNI plugins, every fault of every plane, and
//! every mistake that must be seen.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Failure, Outcome};
use crate::metadata::Workspace;
use crate::steps::Steps;
use crate::{environment, tools};

pub(crate) const HELP: &str = "\
Usage: cargo xtask lab [--only PLANE|none] [--no-mutants] [--captures FOLDER] [--report FILE]

Builds the service, and once more with mistakes that can be chosen (feature `mutants`). Makes a node,
networks and pods of network namespaces with the CNI plugins bridge, macvlan, host-local and tuning;
PostgreSQL, Redis, Kafka, callers and a scraper at their other ends; captures every network. Then each
plane is set down, cut, deleted and made again, blackholed and robbed of its address, and each mistake
is played. Fails if a packet is seen on a foreign network, a plane does not come back, another is
disturbed, an order is lost, or a mistake goes unseen. Needs root; some five minutes beside the build.

  --only PLANE    faults of default, mgmt, data or storage alone; none: no faults
  --no-mutants    no mistakes
  --captures FOLDER   leaves what went by each network there, for tcpdump or Wireshark
  --report FILE   writes the tables there, in Markdown

  cargo xtask lab --only storage --no-mutants
  cargo xtask lab --report docs/NETWORK_LAB.md";

const PLANES: [&str; 5] = ["default", "mgmt", "data", "storage", "none"];

#[derive(Debug, Default)]
struct Options {
    only: Option<String>,
    without_mutants: bool,
    captures: Option<String>,
    report: Option<String>,
}

pub(super) fn run(arguments: &[String]) -> Outcome {
    let options = parse(arguments)?;
    let mut steps = Steps::of("lab");
    let outcome = all(&mut steps, &options, &[]);
    steps.finish(outcome)
}

/// The whole lab, as CI runs it.
pub(super) fn whole(steps: &mut Steps, cargo_options: &[&str]) -> Outcome {
    all(steps, &Options::default(), cargo_options)
}

fn parse(arguments: &[String]) -> Result<Options, Failure> {
    let mut options = Options::default();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = |what: &str| {
            let needed = || Failure::Usage(format!("{argument} needs {what}"));
            rest.next().cloned().ok_or_else(needed)
        };
        match argument.as_str() {
            "--no-mutants" => options.without_mutants = true,
            "--captures" => options.captures = Some(value("a folder")?),
            "--report" => options.report = Some(value("a file")?),
            "--only" => {
                let plane = value("a plane")?;
                if !PLANES.contains(&plane.as_str()) {
                    let known = PLANES.join(", ");
                    return Err(Failure::Usage(format!(
                        "--only {plane}: must be one of {known}"
                    )));
                }
                options.only = Some(plane);
            }
            other => return Err(Failure::Usage(format!("unknown argument {other:?}"))),
        }
    }
    Ok(options)
}

fn all(steps: &mut Steps, options: &Options, cargo_options: &[&str]) -> Outcome {
    steps.take("requirements of the lab", requirements)?;
    let workspace = Workspace::load()?;
    let built = |name: &str| workspace.target.join("debug").join(name);
    let service = built("order-service");
    let mut lab = Command::new(built("lab"));
    if !options.without_mutants {
        // Its file has the name of the program without them, which is built after it.
        let features = ["-p", "order-service", "--features", "mutants"];
        steps.run(
            "build with mistakes",
            build().args(cargo_options).args(features),
        )?;
        let mutants = steps.take("keep it", || keep(&service, &workspace.target))?;
        lab.arg("--mutants").arg(mutants);
    }
    let programs = ["-p", "order-service", "-p", "order-load", "-p", "lab"];
    steps.run("build", build().args(cargo_options).args(programs))?;
    lab.arg("--service").arg(service);
    lab.arg("--load").arg(built("order-load"));
    if let Some(plane) = &options.only {
        lab.args(["--only", plane]);
    }
    if let Some(folder) = &options.captures {
        lab.args(["--captures", folder]);
    }
    if let Some(file) = &options.report {
        lab.args(["--report", file]);
    }
    steps.run("lab", &mut lab)
}

fn build() -> Command {
    let mut cargo = environment::cargo();
    cargo.arg("build");
    cargo
}

/// Copies the program aside.
fn keep(program: &Path, target: &Path) -> Result<PathBuf, Failure> {
    let kept = target.join("lab").join("order-service-mutants");
    let io = |error| Failure::while_doing(format!("cannot make {}", kept.display()), error);
    std::fs::create_dir_all(target.join("lab")).map_err(io)?;
    std::fs::copy(program, &kept).map_err(io)?;
    Ok(kept)
}

fn requirements() -> Outcome {
    super::test::requirements()?;
    for tool in [tools::TCPDUMP, tools::DNSMASQ, tools::PSQL] {
        tool.get()?;
    }
    if Path::new(tools::CNI_PLUGINS).is_dir() {
        return Ok(());
    }
    println!("the CNI plugins are missing: the pods of the lab are made by them");
    tools::install_package("containernetworking-plugins")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_plane_is_refused_with_those_that_there_are() {
        let arguments = ["--only", "net3"].map(str::to_owned);
        let Err(Failure::Usage(told)) = run(&arguments) else {
            panic!("net3 is no plane");
        };
        assert!(told.contains("storage"), "{told}");
    }
}
