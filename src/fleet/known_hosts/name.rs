//! Under which name a host's key is recorded.

use crate::domain::node::Host;
use crate::fleet::target::Jump;

/// The name of a host as OpenSSH records it: plain on port 22, `[host]:port` otherwise.
pub(in crate::fleet) fn address_name(host: &Host, port: u16) -> String {
    let host = host.to_string().to_ascii_lowercase();
    if port == 22 { host } else { format!("[{host}]:{port}") }
}

/// The name of a host behind a jump host: `10.20.0.5@gate`. Every Fuel site numbers its nodes from
/// 10.20.0.0/24 unless told otherwise, so the address alone does not tell the nodes of two sites apart.
pub(in crate::fleet) fn name_behind(name: &str, jump: &Jump) -> String {
    format!("{name}@{}", address_name(&jump.host, jump.port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let host = |text: &str| Host::parse(text).unwrap();
        assert_eq!(address_name(&host("10.20.0.5"), 22), "10.20.0.5");
        assert_eq!(address_name(&host("Node-5.Domain.TLD"), 2222), "[node-5.domain.tld]:2222");
        assert_eq!(address_name(&host("fd00::5"), 22), "fd00::5");
        let jump = Jump { user: "root".into(), host: host("gate"), port: 2222 };
        assert_eq!(name_behind("10.20.0.5", &jump), "10.20.0.5@[gate]:2222");
    }
}
