//! What a container's script answers to its probes and hooks.

use std::time::Duration;

use super::{
    asked::{Answers, NEVER},
    event::{Hook, Probe},
    pace::Pace,
    scenario::{Asks, Check, Exit, Runs, Script},
};
use crate::lifecycle::{
    probes::{Handler, Port, Timing},
    shutdown::hook_duration,
};
use crate::model::{self, Container, LifecycleHandler};

/// The probe of a container, if it has it.
pub(super) fn probe<'c, 'a>(container: &'c Container<'a>, probe: Probe) -> Option<&'c model::Probe<'a>> {
    match probe {
        Probe::Startup => container.startup_probe.as_deref(),
        Probe::Liveness => container.liveness_probe.as_deref(),
        Probe::Readiness => container.readiness_probe.as_deref(),
    }
}

/// The hook of a container, if it has it.
pub(super) fn hook<'c, 'a>(container: &'c Container<'a>, hook: Hook) -> Option<&'c LifecycleHandler<'a>> {
    let lifecycle = container.lifecycle.as_deref()?;
    match hook {
        Hook::PostStart => lifecycle.post_start.as_ref(),
        Hook::PreStop => lifecycle.pre_stop.as_ref(),
    }
}

/// How a hook goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct HookCourse {
    /// How long it takes. `None`: as long as it is let.
    pub(super) takes: Option<Duration>,
    /// Says whether it succeeds.
    pub(super) succeeds: bool,
}

/// A container in one of its runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Life<'r, 'a> {
    pub(super) container: &'r Container<'a>,
    pub(super) script: Option<&'r Script>,
    pub(super) attempt: u32,
    /// When it has started.
    pub(super) start: Duration,
    pub(super) pace: Pace,
}

impl Life<'_, '_> {
    /// Returns when `which` is answered well; `None` where it is never asked: it names a port that the container does not have
    /// (`ResolveContainerPort` fails, and the kubelet takes that for no result).
    pub(super) fn answers(&self, which: Probe) -> Option<Answers> {
        let probe = probe(self.container, which)?;
        let handler = Handler::of(self.container, probe);
        if let Some((_, _, Port::Unresolved(_))) = handler.as_ref().and_then(Handler::target) {
            return None;
        }
        let mut answers = match self.checks(handler.as_ref().and_then(asks).as_ref()) {
            Some(answers) => answers,
            None => Answers::good_from(match self.script.and_then(|script| script.starts_in) {
                Some(after) => self.start.saturating_add(after),
                None => self.unknown_start(),
            }),
        };
        for (from, to) in self.script.map_or(&[][..], |script| &script.fails) {
            answers.fail(*from, to.unwrap_or(NEVER));
        }
        Some(answers)
    }

    /// Returns from when a container whose start takes nobody knows how long answers well: at once, or at the last moment that the probe
    /// that would give it up allows; where none would, perhaps never.
    fn unknown_start(&self) -> Duration {
        if self.pace == Pace::Early {
            return self.start;
        }
        let gives_up = [&self.container.startup_probe, &self.container.liveness_probe].into_iter().flatten().next();
        gives_up.map_or(NEVER, |probe| {
            let timing = Timing::of(probe);
            let last = timing.budget_seconds().saturating_sub(timing.period_seconds);
            self.start.saturating_add(Duration::from_secs(u64::try_from(last).unwrap_or(0)))
        })
    }

    /// Returns what the script's checks of this question say; `None` where it has none.
    fn checks(&self, asks: Option<&Asks>) -> Option<Answers> {
        let asks = asks?;
        let checks = &self.script?.checks;
        let mut of = checks.iter().filter(|(runs, check)| check.asks == *asks && runs.has(self.attempt)).peekable();
        if !checks.iter().any(|(_, check)| check.asks == *asks) {
            return None;
        }
        let takes = of.peek().map_or(Duration::ZERO, |(_, check)| check.takes);
        let time = |after: Duration| self.start.saturating_add(after);
        let window = |(_, check): &(Runs, Check)| (time(check.from), check.until.map_or(NEVER, time));
        let mut good: Vec<(Duration, Duration)> = of.map(window).collect();
        good.sort_unstable();
        Some(Answers { good: joined(good), takes })
    }

    /// Returns how a hook goes that begins now.
    pub(super) fn hook(&self, which: Hook, now: Duration) -> Option<HookCourse> {
        let handler = hook(self.container, which)?;
        if handler.tcp_socket.is_some() {
            // `runner.Run` of the kubelet knows no such handler.
            return Some(HookCourse { takes: Some(Duration::ZERO), succeeds: false });
        }
        let asks = match (&handler.exec, &handler.http_get) {
            (Some(exec), _) => exec.command.first().map(|word| Asks::Command(word.to_string())),
            (_, Some(get)) => get.port.as_ref().and_then(|port| match port {
                model::IntOrString::Int(port) => Some(Asks::Http(*port)),
                model::IntOrString::String(_) => None,
            }),
            _ => None,
        };
        if let Some(answers) = self.checks(asks.as_ref()) {
            let succeeds = answers.good.iter().any(|(from, to)| (*from..*to).contains(&now));
            return Some(HookCourse { takes: Some(answers.takes), succeeds });
        }
        let known = hook_duration(handler);
        let is_exact = handler.sleep.is_some();
        let takes = match self.pace {
            Pace::Late if !is_exact && which == Hook::PreStop => None,
            _ => Some(known.unwrap_or_default()),
        };
        Some(HookCourse { takes, succeeds: true })
    }

    /// Returns how it ends after its stop signal; `None`: not before it is killed.
    pub(super) fn stop(&self) -> Option<Exit> {
        let said = self.script.and_then(|script| of_run(&script.stops, self.attempt));
        match (said, self.pace) {
            (Some(exit), _) => Some(exit),
            (None, Pace::Early) => Some(Exit { after: Duration::ZERO, code: SIGNALLED }),
            (None, Pace::Late) => None,
        }
    }

    /// Returns when it ends by itself, and with which code.
    pub(super) fn end(&self) -> Option<(Duration, i64)> {
        let script = self.script?;
        let own = of_run(&script.exits, self.attempt).map(|exit| (self.start.saturating_add(exit.after), exit.code));
        let at = script.ends_at.iter().filter(|(at, _)| *at >= self.start).min().copied();
        [own, at].into_iter().flatten().min()
    }
}

/// The exit code of a process that SIGTERM has ended.
pub(super) const SIGNALLED: i64 = 143;
/// The exit code of a process that SIGKILL has ended.
pub(super) const KILLED: i64 = 137;

fn of_run(exits: &[(Runs, Exit)], attempt: u32) -> Option<Exit> {
    exits.iter().rev().find(|(runs, _)| runs.has(attempt)).map(|(_, exit)| *exit)
}

/// What a probe asks, as a script names it. `None` for a host of its own, of which no script knows.
fn asks(handler: &Handler<'_>) -> Option<Asks> {
    match handler {
        Handler::Exec(command) => command.first().map(|word| Asks::Command((*word).to_owned())),
        Handler::HttpGet { port: Port::Number(port), host: "", .. } => Some(Asks::Http(*port)),
        Handler::TcpSocket { port: Port::Number(port), host: "" } => Some(Asks::Tcp(*port)),
        Handler::Grpc { port: Port::Number(port), .. } => Some(Asks::Grpc(*port)),
        _ => None,
    }
}

/// Makes one of times that touch.
fn joined(times: Vec<(Duration, Duration)>) -> Vec<(Duration, Duration)> {
    let mut joined: Vec<(Duration, Duration)> = Vec::with_capacity(times.len());
    for (from, to) in times {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined.retain(|(from, to)| from < to);
    joined
}
