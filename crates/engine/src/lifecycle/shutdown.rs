//! How a Pod ends: the grace period, preStop hooks, and the order in which its containers are stopped.
//!
//! What a command will do is only known where it plainly sleeps; all else is unknown, never guessed.

use std::time::Duration;

use super::stages::{self, Placed, Role};
use crate::{
    model::{LifecycleHandler, PodSpec},
    syntax::Str,
};

/// Is left by the kubelet to a container between its stop signal and SIGKILL even where the grace period is used up
/// (`minimumGracePeriodInSeconds`).
pub const LEAST_TO_STOP: Duration = Duration::from_secs(2);

/// Takes the place of a grace period of 0 where the kubelet ends a whole Pod (`calculateEffectiveGracePeriod`): hooks are run
/// then, too. Where a probe kills one container, 0 stays 0, and its hook is not run.
pub const LEAST_GRACE: Duration = Duration::from_secs(1);

/// The Pod's `terminationGracePeriodSeconds` after defaulting: absent means 30, a negative number means 1
/// (`SetDefaults_PodSpec`, `SetDefaults_Pod`). 0 is valid and stays 0.
pub fn grace_seconds(spec: &PodSpec<'_>) -> u64 {
    match spec.termination_grace_period_seconds {
        None => 30,
        Some(seconds) => u64::try_from(seconds).unwrap_or(1),
    }
}

/// Returns how long a hook takes at least, where that is known: a `sleep`, or an `exec` of [`command_duration`].
pub fn hook_duration(hook: &LifecycleHandler<'_>) -> Option<Duration> {
    match (&hook.exec, hook.sleep) {
        (Some(exec), None) => command_duration(&exec.command),
        // The API server refuses a negative number.
        (None, Some(sleep)) => u64::try_from(sleep.seconds?).ok().map(Duration::from_secs),
        _ => None,
    }
}

/// Returns how long a command takes at least, where that is known: `sleep 5`, `/bin/sleep 1m 30s`, `busybox sleep 5`, and
/// `sh -c` (or another shell, also with `-e`, `-u` and `-x`) of a script. `Duration::MAX` is for ever.
pub fn command_duration(command: &[Str<'_>]) -> Option<Duration> {
    let words: Vec<&str> = command.iter().map(|word| &**word).collect();
    match words.split_first() {
        Some((program, applet)) if program.rsplit('/').next() == Some("busybox") => words_duration(applet),
        _ => words_duration(&words),
    }
}

fn words_duration(words: &[&str]) -> Option<Duration> {
    let (program, arguments) = words.split_first()?;
    match program.rsplit('/').next()? {
        "sleep" => sleep_duration(arguments),
        "sh" | "bash" | "ash" | "dash" | "ksh" | "zsh" => {
            // Further words are the script's own arguments.
            let [flags, script, ..] = arguments else { return None };
            let flags = flags.strip_prefix('-')?.strip_suffix('c')?;
            let known = flags.bytes().all(|flag| matches!(flag, b'e' | b'u' | b'x'));
            known.then(|| script_duration(script, flags.contains('e'))).flatten()
        }
        _ => None,
    }
}

/// The sum of the `sleep`s of a shell script up to the first command that may change what follows: only `sleep`, `echo` and
/// their like are known not to, in a list (`;`, `&&`, end of line). Any other may end the main process, and the hook with it.
/// `None` if no `sleep` is certain to run.
fn script_duration(script: &str, ends_on_failure: bool) -> Option<Duration> {
    let mut total: Option<Duration> = None;
    let mut rest = script.trim_start_matches([' ', '\t', '\n', ';']);
    while !rest.is_empty() {
        let end = rest.find([';', '\n', '&', '|']).unwrap_or(rest.len());
        let (command, after) = rest.split_at(end);
        let words: Vec<&str> = command.split_ascii_whitespace().collect();
        let slept = words_of_sleep(&words);
        let sequential = after.is_empty() || after.starts_with([';', '\n']);
        let on_success = after.starts_with("&&");
        let on_failure = after.starts_with("||");
        // In the background, in a pipe or in a construct it is not known what it does.
        if !(sequential || on_success || on_failure && slept.is_some())
            || !(slept.is_some() || is_harmless(&words, command))
        {
            return total;
        }
        if let Some(slept) = slept {
            total = Some(total.unwrap_or_default().saturating_add(slept));
        } else if on_success || ends_on_failure {
            return total;
        }
        // What comes after a `||` only runs if the sleep failed.
        if on_failure {
            return total;
        }
        rest = after.trim_start_matches([' ', '\t', '\n', ';', '&']);
    }
    total
}

fn words_of_sleep(words: &[&str]) -> Option<Duration> {
    match words.split_first() {
        Some((program, arguments)) if program.rsplit('/').next() == Some("sleep") => sleep_duration(arguments),
        _ => None,
    }
}

/// Returns whether a command of a script only writes something: plain words and output redirections, no quotes or expansions.
fn is_harmless(words: &[&str], command: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || " \t_-./:,@%+=>".contains(c);
    matches!(words.first(), Some(&("echo" | "printf" | "date" | "true" | ":"))) && command.chars().all(plain)
}

/// The time that `sleep` with these arguments takes: their sum, as GNU's does.
fn sleep_duration(arguments: &[&str]) -> Option<Duration> {
    let (first, rest) = arguments.split_first()?;
    rest.iter().try_fold(interval(first)?, |sum, argument| Some(sum.saturating_add(interval(argument)?)))
}

/// One argument of `sleep`: a number of seconds, or of what the suffix says: `s`, `m`, `h`, `d`; with a fraction, or
/// `infinity`. Digits after the ninth of a fraction are dropped.
fn interval(text: &str) -> Option<Duration> {
    if matches!(text, "inf" | "infinity") {
        return Some(Duration::MAX);
    }
    let (number, unit_seconds) = match text.as_bytes().last()? {
        b's' => (text.strip_suffix('s')?, 1),
        b'm' => (text.strip_suffix('m')?, 60),
        b'h' => (text.strip_suffix('h')?, 3600),
        b'd' => (text.strip_suffix('d')?, 86_400),
        _ => (text, 1),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !digits(whole) || !digits(fraction) {
        return None;
    }
    // All digits: it can only be too large.
    let seconds: u64 = format!("0{whole}").parse().unwrap_or(u64::MAX);
    let nanos: u32 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    Some(Duration::new(seconds, nanos).saturating_mul(unit_seconds))
}

/// A container that is stopped, and when.
#[derive(Debug, Clone, Copy)]
pub struct Stop<'p, 'a> {
    /// The container.
    pub placed: Placed<'p, 'a>,
    /// Tells how long its preStop hook takes at least, where that is known.
    pub hook: Option<Duration>,
    /// The least time from the Pod's deletion until it gets its stop signal.
    pub signal_after: Duration,
    /// The most time from its stop signal until SIGKILL.
    pub left: Duration,
}

/// Returns how a Pod whose containers all run is stopped, in the order of the stop signals.
///
/// The grace period is one for all, starts with the deletion and is at least [`LEAST_GRACE`]. All preStop hooks start at once,
/// those of sidecars too. An app (or ephemeral) container gets its stop signal when its own hook is over; a sidecar
/// when besides all apps and all later sidecars have ended, so that sidecars stop in the reverse order of their start. Nobody
/// waits longer than the grace period, and everybody has [`LEAST_TO_STOP`]. (`killContainer` and `terminationOrdering` of the
/// kubelet.)
pub fn stops<'p, 'a>(spec: &'p PodSpec<'a>) -> Vec<Stop<'p, 'a>> {
    let grace = Duration::from_secs(grace_seconds(spec)).max(LEAST_GRACE);
    let stop = |placed: Placed<'p, 'a>, not_before: Duration| {
        let pre_stop = placed.container.lifecycle.as_ref().and_then(|lifecycle| lifecycle.pre_stop.as_ref());
        let hook = pre_stop.and_then(hook_duration);
        let signal_after = hook.unwrap_or_default().max(not_before).min(grace);
        Stop { placed, hook, signal_after, left: grace.saturating_sub(signal_after).max(LEAST_TO_STOP) }
    };
    let of = |role| stages::containers(spec).filter(move |placed| placed.role == role);
    let at_once = of(Role::App).chain(of(Role::Ephemeral));
    let mut stops: Vec<Stop<'p, 'a>> = at_once.map(|placed| stop(placed, Duration::ZERO)).collect();
    let apps = stops.iter().filter(|stop| stop.placed.role == Role::App);
    let mut not_before = apps.map(|stop| stop.signal_after).max().unwrap_or_default();
    let sidecars: Vec<Placed<'p, 'a>> = of(Role::Sidecar).collect();
    for placed in sidecars.into_iter().rev() {
        let stop = stop(placed, not_before);
        not_before = stop.signal_after;
        stops.push(stop);
    }
    stops
}

#[cfg(test)]
mod tests;
