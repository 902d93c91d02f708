//! Addresses to listen on, as the command line has them: `127.0.0.1:8443`, `[::1]:8443`, `localhost:8443`, `:8443`.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs},
    str::FromStr,
};

use thiserror::Error;

/// A host, which need not have been looked up yet, and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListenAddress {
    host: Host,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    /// All addresses of this machine.
    All,
    Ip(IpAddr),
    Name(String),
}

/// A text that is no address to listen on. Each says what to give instead.
#[derive(Debug, PartialEq, Eq, Error)]
pub(super) enum AddressError {
    /// There is nothing behind the variable or flag.
    #[error("expected host:port, such as 127.0.0.1:8443, or :8443 for all addresses")]
    Empty,
    /// A number and no host.
    #[error("it is a port alone; give :{0} for all addresses, or 127.0.0.1:{0} for this machine only")]
    PortAlone(u16),
    /// A host and no port.
    #[error("it has no port; give {0}:8443, for example")]
    NoPort(String),
    /// Something else than a number from 0 to 65535.
    #[error("port \"{0}\" is no number from 0 to 65535")]
    Port(String),
    /// Colons that may belong to the address or stand before the port.
    #[error("an IPv6 address has to be in brackets, such as [::1]:8443")]
    NoBrackets,
    /// Brackets around what is no IPv6 address.
    #[error("\"{0}\" in brackets is no IPv6 address; an address or a name without a colon takes none")]
    Brackets(String),
    /// A URL.
    #[error("it is a URL; give the host and the port alone, such as localhost:8443")]
    Url,
    /// Characters that no name of a host has.
    #[error("\"{0}\" is no IP address and no name of a host")]
    Name(String),
}

/// A name without an address.
#[derive(Debug, Error)]
pub(super) enum ResolveError {
    /// The system knows none.
    #[error("cannot look up \"{name}\" ({flag}); an IP address needs no look-up, and :{port} takes all addresses")]
    Unknown {
        /// The name.
        name: String,
        /// The flag that has it.
        flag: &'static str,
        /// The port that was given.
        port: u16,
        /// The system's error.
        source: io::Error,
    },
    /// The system knows the name, and no address of it.
    #[error("\"{name}\" has no address ({flag})")]
    NoAddress {
        /// The name.
        name: String,
        /// The flag that has it.
        flag: &'static str,
    },
}

impl ListenAddress {
    /// Looks a name up, once; of several addresses the first of IPv4 is taken, else the first. All addresses are those of IPv6 and of
    /// IPv4, or of IPv4 alone where this machine has no IPv6. The same as `net.Listen` of Go.
    pub(super) fn resolve(&self, flag: &'static str) -> Result<SocketAddr, ResolveError> {
        let name = match &self.host {
            Host::All if TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).is_ok() => {
                return Ok((Ipv6Addr::UNSPECIFIED, self.port).into());
            }
            Host::All => return Ok((Ipv4Addr::UNSPECIFIED, self.port).into()),
            Host::Ip(ip) => return Ok((*ip, self.port).into()),
            Host::Name(name) => name,
        };
        let found = (name.as_str(), self.port).to_socket_addrs();
        let found = found.map_err(|source| {
            let (name, port) = (name.clone(), self.port);
            ResolveError::Unknown { name, flag, port, source }
        })?;
        let found: Vec<SocketAddr> = found.collect();
        let first = found.iter().find(|address| address.is_ipv4()).or(found.first());
        first.copied().ok_or_else(|| ResolveError::NoAddress { name: name.clone(), flag })
    }

    /// Returns the host where it is a name or one address: what a certificate for this address has to be valid for.
    pub(super) fn host(&self) -> Option<String> {
        match &self.host {
            Host::Ip(ip) if !ip.is_unspecified() => Some(ip.to_string()),
            Host::Name(name) => Some(name.clone()),
            Host::Ip(_) | Host::All => None,
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::All => write!(f, ":{}", self.port),
            Host::Ip(ip) => SocketAddr::from((*ip, self.port)).fmt(f),
            Host::Name(name) => write!(f, "{name}:{}", self.port),
        }
    }
}

impl FromStr for ListenAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        if text.contains("://") {
            return Err(AddressError::Url);
        }
        if let Ok(port) = text.parse() {
            return Err(AddressError::PortAlone(port));
        }
        let Some((host, port)) = text.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) else {
            return Err(AddressError::NoPort(text.to_owned()));
        };
        if host.contains(':') && !host.starts_with('[') {
            return Err(AddressError::NoBrackets);
        }
        // `+8443` is a number for Rust.
        let number = port.bytes().all(|byte| byte.is_ascii_digit()).then(|| port.parse().ok()).flatten();
        let port = number.ok_or_else(|| AddressError::Port(port.to_owned()))?;
        Ok(Self { host: read_host(host)?, port })
    }
}

fn read_host(host: &str) -> Result<Host, AddressError> {
    if host.is_empty() {
        return Ok(Host::All);
    }
    if let Some(inner) = host.strip_prefix('[') {
        let inner = inner.strip_suffix(']').unwrap_or(inner);
        let ip: Result<Ipv6Addr, _> = inner.parse();
        return ip.map(|ip| Host::Ip(ip.into())).map_err(|_| AddressError::Brackets(inner.to_owned()));
    }
    if let Ok(ip) = host.parse() {
        return Ok(Host::Ip(ip));
    }
    let is_name = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    // The system's look-up takes 1.2.3 for 1.2.0.3, which nobody means.
    let is_number = host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_name && !is_number { Ok(Host::Name(host.to_owned())) } else { Err(AddressError::Name(host.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for text in
            ["127.0.0.1:8443", "0.0.0.0:0", "[::1]:8443", "[::]:8443", ":8443", ":0", "localhost:8443", "a-b.c_d:1"]
        {
            assert_eq!(text.parse::<ListenAddress>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_what_to_give() {
        for (text, says) in [
            ("", "expected host:port"),
            ("8443", "give :8443 for all addresses, or 127.0.0.1:8443"),
            ("localhost", "it has no port; give localhost:8443"),
            ("[::1]", "it has no port; give [::1]:8443"),
            ("::1:8443", "an IPv6 address has to be in brackets"),
            ("localhost:", "port \"\" is no number from 0 to 65535"),
            ("localhost:https", "port \"https\" is no number"),
            ("localhost:65536", "port \"65536\" is no number"),
            ("localhost:+1", "port \"+1\" is no number"),
            ("[localhost]:1", "\"localhost\" in brackets is no IPv6 address"),
            ("https://localhost:8443", "it is a URL"),
            ("*:8443", "\"*\" is no IP address and no name of a host"),
            ("1.2.3:8443", "\"1.2.3\" is no IP address"),
            ("a b:1", "\"a b\" is no IP address"),
        ] {
            let said = text.parse::<ListenAddress>().unwrap_err().to_string();
            assert!(said.contains(says), "{text}: {said}");
        }
    }

    #[test]
    fn names_and_all_addresses_become_one_to_bind() {
        let resolve = |text: &str| text.parse::<ListenAddress>().unwrap().resolve("--listen").unwrap();
        assert_eq!(resolve("[::1]:8443"), SocketAddr::from((Ipv6Addr::LOCALHOST, 8443)));
        let all = resolve(":8443");
        assert!(all.ip().is_unspecified() && all.port() == 8443, "{all}");
        assert_eq!(TcpListener::bind(resolve(":0")).map(|_| ()).map_err(|error| error.kind()), Ok(()));
        assert_eq!(resolve("localhost:8443"), SocketAddr::from((Ipv4Addr::LOCALHOST, 8443)));
    }

    #[test]
    fn a_certificate_is_for_the_host_that_is_meant() {
        let host = |text: &str| text.parse::<ListenAddress>().unwrap().host();
        assert_eq!([host(":8443"), host("0.0.0.0:8443"), host("[::]:8443")], [None, None, None]);
        assert_eq!(host("web.example:8443").as_deref(), Some("web.example"));
        assert_eq!(host("[::1]:8443").as_deref(), Some("::1"));
    }
}
