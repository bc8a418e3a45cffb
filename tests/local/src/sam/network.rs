//! Where a container reaches this machine.

use std::net::{IpAddr, Ipv4Addr};
use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

use crate::Error;
use crate::front::{Front, Leading};

/// The name that container engines in a virtual machine (Docker Desktop and others) give this machine.
/// It leads to this machine's own loopback interface.
const HOST: &str = "host.docker.internal";

/// How containers reach what listens on this machine's loopback interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The engine's bridge is on this machine.
    Bridge(Bridge),
    /// The engine is in a virtual machine, and forwards to loopback.
    Named,
    /// There is no engine: for this reason.
    None(String),
}

/// The bridge that containers are attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bridge {
    /// This machine's own address on it.
    gateway: Ipv4Addr,
    network: Ipv4Addr,
    prefix: u32,
}

impl Bridge {
    /// Reads what `docker network inspect` says of a network.
    fn read(inspected: &Value) -> Option<Self> {
        let config = &inspected[0]["IPAM"]["Config"][0];
        let (network, prefix) = config["Subnet"].as_str()?.split_once('/')?;
        let network: Ipv4Addr = network.parse().ok()?;
        // An engine that chose the subnet itself may leave the gateway out: it is the first address.
        let gateway = match config["Gateway"].as_str() {
            Some(text) => text.parse().ok()?,
            None => Ipv4Addr::from(network.to_bits().checked_add(1)?),
        };
        Some(Self {
            gateway,
            network,
            prefix: prefix.parse().ok().filter(|it| (1..=32).contains(it))?,
        })
    }

    /// Whether this is the address of a container, or of this machine, on the bridge.
    fn contains(self, address: IpAddr) -> bool {
        let shift = 32 - self.prefix;
        matches!(address, IpAddr::V4(it) if it.to_bits() >> shift == self.network.to_bits() >> shift)
    }
}

impl Reach {
    /// Asks the container engine at `engine`, which is a value for `DOCKER_HOST`; without one, the
    /// engine that the environment names.
    pub async fn find(engine: Option<&str>) -> Self {
        match Self::ask(engine).await {
            Ok(reach) => reach,
            Err(reason) => Self::None(reason.to_string()),
        }
    }

    async fn ask(engine: Option<&str>) -> Result<Self, Error> {
        let mut command = Command::new("docker");
        if let Some(engine) = engine {
            command.env("DOCKER_HOST", engine);
        }
        let asked = command
            .args(["network", "inspect", "bridge"])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|error| format!("`docker` can't be run: {error}"))?;
        if !asked.status.success() {
            let said = String::from_utf8_lossy(&asked.stderr);
            return Err(said.trim().to_owned().into());
        }
        let inspected: Value = serde_json::from_slice(&asked.stdout)?;
        let bridge = Bridge::read(&inspected).ok_or("`docker` tells no network of its bridge")?;
        Self::of(bridge).await
    }

    /// Whether the bridge is this machine's own, or that of a virtual machine.
    async fn of(bridge: Bridge) -> Result<Self, Error> {
        match Front::bind_at(bridge.gateway).await {
            Ok(_free_again) => Ok(Self::Bridge(bridge)),
            Err(error) if error.kind() == std::io::ErrorKind::AddrNotAvailable => Ok(Self::Named),
            Err(error) => Err(format!("{} can't be used: {error}", bridge.gateway).into()),
        }
    }

    /// Makes `port` of 127.0.0.1 reachable from containers, until what is returned is dropped. Only
    /// the bridge is opened, and only containers are let in: another machine that sends packets for
    /// the bridge's address here is turned away.
    pub(super) async fn open(&self, port: u16) -> Result<(String, Option<Leading>), Error> {
        match self {
            Self::Bridge(bridge) => {
                let bridge = *bridge;
                let front = Front::bind_at(bridge.gateway).await?;
                let origin = front.origin.clone();
                let leading = front.lead_those_to(port, move |from| bridge.contains(from));
                Ok((origin, Some(leading)))
            }
            Self::Named => Ok((format!("http://{HOST}:{port}"), None)),
            Self::None(_) => Ok((format!("http://127.0.0.1:{port}"), None)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bridge(config: &Value) -> Option<Bridge> {
        Bridge::read(&json!([{ "IPAM": { "Config": [config] } }]))
    }

    #[test]
    fn a_bridge_is_what_the_engine_says() {
        let gateway = |config| bridge(&config).map(|it| it.gateway.to_string());
        let said = json!({"Subnet": "10.1.0.0/24", "Gateway": "10.1.0.254"});
        assert_eq!(gateway(said).as_deref(), Some("10.1.0.254"));
        let first = json!({"Subnet": "172.17.0.0/16"});
        assert_eq!(gateway(first).as_deref(), Some("172.17.0.1"));
        for other in [
            json!({}),
            json!({"Subnet": "x"}),
            json!({"Subnet": "10.0.0.0/64"}),
        ] {
            assert_eq!(gateway(other), None);
        }
        assert_eq!(Bridge::read(&json!([])), None);
    }

    #[test]
    fn only_addresses_of_the_bridge_are_let_in() {
        let bridge = bridge(&json!({"Subnet": "172.17.0.0/16"})).expect("a bridge");
        for (address, inside) in [
            ("172.17.0.1", true),
            ("172.17.255.2", true),
            ("172.18.0.2", false),
            ("192.0.2.7", false),
            ("127.0.0.1", false),
            ("::1", false),
        ] {
            assert_eq!(
                bridge.contains(address.parse().expect("an address")),
                inside,
                "{address}"
            );
        }
    }

    #[tokio::test]
    async fn a_bridge_of_another_machine_is_that_of_a_virtual_machine() {
        // Addresses for documentation are no machine's; loopback stands for a bridge of our own.
        let elsewhere = json!({"Subnet": "203.0.113.0/24", "Gateway": "203.0.113.1"});
        let elsewhere = Reach::of(bridge(&elsewhere).expect("a bridge")).await;
        assert_eq!(elsewhere.expect("a way"), Reach::Named);
        let here = bridge(&json!({"Subnet": "127.0.0.0/8"})).expect("a bridge");
        assert_eq!(Reach::of(here).await.expect("a way"), Reach::Bridge(here));
    }

    #[tokio::test]
    async fn without_an_engine_the_reason_is_said() {
        let Reach::None(reason) = Reach::find(Some("unix:///nowhere/docker.sock")).await else {
            panic!("there is no engine");
        };
        assert!(reason.contains("docker"), "{reason}");
    }
}
