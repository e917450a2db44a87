//! `lab SERVICE LOAD`: runs the scenarios of the lab and prints what was seen.

use lab::{Capture, Lab, Peers, Service, missing};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [service, load] = arguments.as_slice() else {
        eprintln!(
            "usage: lab SERVICE LOAD (the two programs); `cargo xtask lab` builds and names them"
        );
        return ExitCode::from(2);
    };
    if let Some(reason) = missing() {
        eprintln!("lab: {reason}");
        return ExitCode::FAILURE;
    }
    let lab = Lab::new();
    let peers = Peers::start(&lab);
    let pod = lab.pod();
    let capture = Capture::start(&lab.node);
    let running = Service::start(&pod, Path::new(service), &peers.environment());
    println!("{}\n{}", running.status("Uid:"), running.status("CapEff:"));
    let place = |protocol: &str, port: u16| {
        let url = format!("http://{}:{port}", pod.address(lab::Network::Data));
        let mut place = peers.caller.command(load);
        place
            .args(["place", "--protocol", protocol, "--url", &url])
            .args(["--callers", "16", "--duration", "5s"]);
        place.status().is_ok_and(|status| status.success())
    };
    let placed = place("grpc", 9090) && place("rest", 8080);
    let scrape = format!(
        "http://{}:9091/metrics",
        pod.address(lab::Network::Management)
    );
    let scraped = peers
        .scraper
        .command("curl")
        .args(["-sSf", "-o", "/dev/null", &scrape])
        .status();
    let probe = format!("http://{}:8080/readyz", pod.default.address());
    let probed = lab.node.command("curl").args(["-sSf", &probe]).status();
    let seen = capture.stop();
    println!("placed {placed}, scraped {scraped:?}, probed {probed:?}");
    println!(
        "{} packets: {:?}; strays: {:#?}",
        seen.total(),
        seen.packets,
        seen.strays
    );
    if placed && seen.strays.is_empty() {
        ExitCode::SUCCESS
    } else {
        eprintln!("{}", running.log());
        ExitCode::FAILURE
    }
}
