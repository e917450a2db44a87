//! Interfaces of pods, made by the CNI plugins that clusters use (CNI specification 1.0.0): a chain of
//! plugins is added from the first to the last, each given what the one before answered, and deleted
//! from the last to the first.

use crate::namespace::Namespace;
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Where Debian's `containernetworking-plugins` are.
const PLUGINS: &str = "/usr/lib/cni";
const VERSION: &str = "1.0.0";

/// A network as a `NetworkAttachmentDefinition` has it.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    /// The network's name.
    pub(crate) name: String,
    /// The plugins, the first of which makes the interface.
    pub(crate) plugins: Vec<Value>,
}

/// An interface that a pod has got.
#[derive(Clone, Debug)]
pub(crate) struct Attachment {
    chain: Chain,
    /// Its name in the pod.
    pub(crate) interface: String,
    result: Value,
}

/// Whether the plugins are installed.
pub fn missing() -> Option<String> {
    let needed = ["bridge", "macvlan", "host-local", "tuning"];
    let missing = needed
        .iter()
        .find(|name| !Path::new(PLUGINS).join(name).is_file())?;
    Some(format!(
        "{PLUGINS}/{missing} is missing: apt-get install containernetworking-plugins"
    ))
}

impl Chain {
    /// Gives the pod an interface of this network, with this address if one is named; the plugins run on
    /// the node.
    pub(crate) fn add(
        &self,
        node: &Namespace,
        pod: &Namespace,
        interface: &str,
        address: Option<&str>,
    ) -> Attachment {
        let mut result = Value::Null;
        for plugin in &self.plugins {
            let settings = self.settings(plugin, &result);
            let said = call(node, pod, "ADD", interface, address, &settings);
            result = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
        }
        Attachment {
            chain: self.clone(),
            interface: interface.to_owned(),
            result,
        }
    }

    fn settings(&self, plugin: &Value, before: &Value) -> Value {
        let mut settings = plugin.clone();
        settings["cniVersion"] = json!(VERSION);
        settings["name"] = json!(self.name);
        if !before.is_null() {
            settings["prevResult"] = before.clone();
        }
        settings
    }
}

impl Attachment {
    /// The IPv4 address that the network's IPAM gave, without the prefix.
    pub(crate) fn address(&self) -> &str {
        let address = self.result["ips"][0]["address"]
            .as_str()
            .unwrap_or_default();
        address.split('/').next().unwrap_or_default()
    }

    /// The node's end of the interface, where the plugin made one.
    pub(crate) fn node_side(&self) -> &str {
        let interfaces = self.result["interfaces"].as_array();
        let names = interfaces
            .into_iter()
            .flatten()
            .filter_map(|interface| interface["name"].as_str());
        names
            .into_iter()
            .find(|name| name.starts_with("veth"))
            .unwrap_or_default()
    }

    /// Takes the interface away and gives its address back.
    pub(crate) fn delete(&self, node: &Namespace, pod: &Namespace) {
        for plugin in self.chain.plugins.iter().rev() {
            let settings = self.chain.settings(plugin, &self.result);
            call(node, pod, "DEL", &self.interface, None, &settings);
        }
    }
}

fn call(
    node: &Namespace,
    pod: &Namespace,
    what: &str,
    interface: &str,
    address: Option<&str>,
    settings: &Value,
) -> String {
    let plugin = settings["type"].as_str().expect("a plugin has a type");
    let path = Path::new(PLUGINS).join(plugin);
    let mut command: Command = node.command(&path.to_string_lossy());
    command
        .env("CNI_COMMAND", what)
        .env("CNI_CONTAINERID", pod.name())
        .env("CNI_NETNS", pod.path())
        .env("CNI_IFNAME", interface)
        .env("CNI_PATH", PLUGINS)
        .envs(address.map(|address| ("CNI_ARGS", format!("IgnoreUnknown=1;IP={address}"))))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .expect("ip (Debian: iproute2) can be started");
    let mut input = child.stdin.take().expect("it is piped");
    input
        .write_all(settings.to_string().as_bytes())
        .expect("the plugin reads its settings");
    drop(input);
    let output = child.wait_with_output().expect("a child can be waited for");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{what} {interface} by {plugin}: {said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    said
}
