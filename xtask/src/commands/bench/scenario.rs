//! What is measured in each round, in its order.

/// A run of the driver.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) call: Call,
    pub(super) protocol: &'static str,
    pub(super) callers: u16,
    /// Of REST: one for each caller.
    pub(super) connections: u16,
}

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// Beside a run of the yardstick before and after.
    Place,
    Get,
    /// Our own echo, built as the service's edge is.
    Echo,
    /// The echo as a team writes it by tonic's guide.
    TonicEcho,
}

/// In the order of a round.
pub(super) const SCENARIOS: [Scenario; 7] = [
    grpc("grpc-256", Call::Place, 256, 8),
    grpc("grpc-32", Call::Place, 32, 4),
    Scenario {
        name: "rest-256",
        call: Call::Place,
        protocol: "rest",
        callers: 256,
        connections: 256,
    },
    grpc("grpc-1024", Call::Place, 1024, 16),
    grpc("get-64", Call::Get, 64, 4),
    grpc("echo-64", Call::Echo, 64, 4),
    grpc("tonic-echo-64", Call::TonicEcho, 64, 4),
];

const fn grpc(name: &'static str, call: Call, callers: u16, connections: u16) -> Scenario {
    Scenario {
        name,
        call,
        protocol: "grpc",
        callers,
        connections,
    }
}

impl Scenario {
    pub(super) fn named(name: &str) -> Result<&'static Self, String> {
        let found = SCENARIOS.iter().find(|scenario| scenario.name == name);
        found.ok_or_else(|| {
            let names: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
            format!("no scenario {name:?}; there are {}", names.join(", "))
        })
    }
}

impl Call {
    /// Whether nothing is stored or read.
    pub(super) const fn is_echo(self) -> bool {
        matches!(self, Self::Echo | Self::TonicEcho)
    }

    /// The subcommand of `order-load`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Place => "place",
            Self::Get => "get",
            Self::Echo | Self::TonicEcho => "echo",
        }
    }
}
