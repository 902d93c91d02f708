//! What the API server wants of the handler of a probe or a hook (`validateHandler`).

use super::ports::{PORT_NAMES, is_port_name, is_port_number};
use crate::{
    model::{
        HttpGet, IntOrString, LifecycleHandler, Probe,
        pod::{Exec, Grpc, TcpSocket},
    },
    syntax::Path,
};

/// The handlers of one probe or hook: exactly one is to be given.
#[derive(Debug, Clone, Copy)]
pub struct Handlers<'p, 'a> {
    exec: Option<&'p Exec<'a>>,
    http_get: Option<&'p HttpGet<'a>>,
    tcp_socket: Option<&'p TcpSocket<'a>>,
    grpc: Option<&'p Grpc<'a>>,
    sleeps: bool,
    /// Lists the handlers to choose from, for messages.
    choice: &'static str,
}

/// Something that the API server refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The handler's field; empty where it is about all of them.
    pub handler: &'static str,
    /// The place from the probe or hook on.
    pub at: Path,
    /// Says what is wrong, as a predicate: `has no port`.
    pub what: String,
}

impl<'p, 'a> Handlers<'p, 'a> {
    /// Returns the handlers of a probe.
    pub fn of_probe(probe: &'p Probe<'a>) -> Self {
        Self {
            exec: probe.exec.as_ref(),
            http_get: probe.http_get.as_ref(),
            tcp_socket: probe.tcp_socket.as_ref(),
            grpc: probe.grpc.as_ref(),
            sleeps: false,
            choice: "exec, httpGet, tcpSocket, grpc",
        }
    }

    /// Returns the handlers of a hook.
    pub fn of_hook(hook: &'p LifecycleHandler<'a>) -> Self {
        Self {
            exec: hook.exec.as_ref(),
            http_get: hook.http_get.as_ref(),
            tcp_socket: hook.tcp_socket.as_ref(),
            grpc: None,
            sleeps: hook.sleep.is_some(),
            choice: "exec, httpGet, sleep",
        }
    }

    /// Returns all that is wrong: nothing where exactly one handler is given, and that one is complete. How long a hook may sleep
    /// is another matter.
    pub fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let mut add = |handler: &'static str, below: &[&'static str], what: String| {
            let at = if handler.is_empty() { Path::default() } else { Path::of(&[handler]) };
            flaws.push(Flaw { handler, at: at.keys(below), what });
        };
        let given = [
            ("exec", self.exec.is_some()),
            ("httpGet", self.http_get.is_some()),
            ("tcpSocket", self.tcp_socket.is_some()),
            ("grpc", self.grpc.is_some()),
            ("sleep", self.sleeps),
        ];
        let mut given = given.into_iter().filter(|(_, given)| *given).map(|(handler, _)| handler);
        match given.next() {
            None => add("", &[], format!("has no handler; it takes one of {}", self.choice)),
            Some(first) => {
                for extra in given {
                    add(extra, &[], format!("has {extra} besides {first}; it takes one handler"));
                }
            }
        }
        if self.exec.is_some_and(|exec| exec.command.is_empty()) {
            add("exec", &["command"], "runs an empty command".to_owned());
        }
        if let Some(get) = self.http_get {
            if let Some(what) = port_flaw(get.port.as_ref()) {
                add("httpGet", &["port"], what);
            }
            if !matches!(&*get.scheme, "" | "HTTP" | "HTTPS") {
                add("httpGet", &["scheme"], format!("has scheme \"{}\"; it takes HTTP or HTTPS", get.scheme));
            }
        }
        if let Some(what) = self.tcp_socket.and_then(|socket| port_flaw(socket.port.as_ref())) {
            add("tcpSocket", &["port"], what);
        }
        let grpc_flaw = self.grpc.and_then(|grpc| match &grpc.port {
            Some(IntOrString::String(name)) => Some(format!("has grpc port \"{name}\"; grpc takes a number")),
            number => port_flaw(number.as_ref()),
        });
        if let Some(what) = grpc_flaw {
            add("grpc", &["port"], what);
        }
        let headers = self.http_get.into_iter().flat_map(|get| get.http_headers.iter()).enumerate();
        for (index, header) in headers.filter(|(_, header)| !is_header_name(&header.name)) {
            flaws.push(Flaw {
                handler: "httpGet",
                at: Path::of(&["httpGet", "httpHeaders"]).index(index),
                what: format!("has header \"{}\"; a name is letters, digits and hyphens", header.name),
            });
        }
        flaws
    }
}

fn port_flaw(port: Option<&IntOrString<'_>>) -> Option<String> {
    match port {
        None => Some("has no port".to_owned()),
        Some(IntOrString::Int(number)) if !is_port_number(*number) => {
            Some(format!("has port {number}; ports are 1 to 65535"))
        }
        Some(IntOrString::String(name)) if !is_port_name(name) => Some(format!("has port \"{name}\"; {PORT_NAMES}")),
        Some(_) => None,
    }
}

/// `IsHTTPHeaderName`: narrower than HTTP itself.
fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
