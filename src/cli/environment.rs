//! Environment variables of flags: what people write in them, and errors that say where a value comes from.

use std::env;

use clap::{
    Arg, ArgAction, Command, Error,
    builder::{BoolishValueParser, Resettable},
    error::{ContextKind, ContextValue},
};

/// Returns the command, each of whose switches takes 1, true, yes and on of its variable, and 0, false, no and off, in capitals
/// too. A variable that is empty counts as one that is not set.
pub(super) fn lenient(command: Command) -> Command {
    command.mut_args(lenient_arg).mut_subcommands(lenient)
}

fn lenient_arg(arg: Arg) -> Arg {
    let Some(variable) = arg.get_env() else { return arg };
    let is_empty = env::var_os(variable).is_some_and(|value| value.is_empty());
    let arg = if is_switch(&arg) { arg.value_parser(BoolishValueParser::new()) } else { arg };
    if is_empty { arg.env(Resettable::Reset) } else { arg }
}

fn is_switch(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::SetTrue | ArgAction::SetFalse)
}

/// Returns the variable that a value comes from which `error` refuses, if it does not come from the command line.
pub(super) fn source(mut command: Command, error: &Error) -> Option<String> {
    let (Some(ContextValue::String(flag)), Some(ContextValue::String(value))) =
        (error.get(ContextKind::InvalidArg), error.get(ContextKind::InvalidValue))
    else {
        return None;
    };
    // What an argument is called is known only then.
    command.build();
    let mut commands = vec![&command];
    while let Some(command) = commands.pop() {
        let variable = command.get_arguments().filter(|arg| arg.to_string() == *flag).find_map(Arg::get_env);
        if let Some(variable) = variable
            // A list is taken apart before it is read.
            && env::var_os(variable).is_some_and(|all| all.to_string_lossy().split(',').any(|one| one == value))
            && !env::args_os().any(|argument| argument.to_string_lossy().split('=').next() == flag.split(' ').next())
        {
            return Some(variable.to_string_lossy().into_owned());
        }
        commands.extend(command.get_subcommands());
    }
    None
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::{super::Cli, *};

    /// The ids of the switches that have a variable, of a command and those below it.
    fn switches(command: &Command, path: &[String], into: &mut Vec<(Vec<String>, String)>) {
        let own = command.get_arguments().filter(|arg| arg.get_env().is_some() && is_switch(arg));
        into.extend(own.map(|arg| (path.to_vec(), arg.get_long().unwrap().to_owned())));
        for below in command.get_subcommands() {
            switches(below, &[path, &[below.get_name().to_owned()]].concat(), into);
        }
    }

    /// Lets every switch take a value on the command line, which is read as that of its variable is.
    fn with_values(command: Command) -> Command {
        let switch = |arg: Arg| if is_switch(&arg) { arg.action(ArgAction::Set).num_args(1) } else { arg };
        command.mut_args(switch).mut_subcommands(with_values)
    }

    #[test]
    fn every_switch_takes_what_people_write_in_a_variable() {
        let mut all = Vec::new();
        switches(&Cli::command(), &["podgate".to_owned()], &mut all);
        let names: Vec<&str> = all.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(names, ["watch", "open-gates", "reports", "manage-certs", "force"]);
        for (path, name) in &all {
            let read = |value: &str| {
                let line = path.iter().cloned().chain([format!("--{name}={value}")]);
                let matches = with_values(lenient(Cli::command())).try_get_matches_from(line).ok()?;
                let (_, matches) = matches.subcommand()?;
                matches.get_one::<bool>(&name.replace('-', "_")).copied()
            };
            for (value, is_on) in [("1", true), ("true", true), ("yes", true), ("on", true), ("ON", true), ("0", false)]
            {
                assert_eq!(read(value), Some(is_on), "--{name} {value}");
            }
            assert_eq!([read("no"), read("off"), read("false")], [Some(false); 3], "--{name}");
            assert_eq!(read("maybe"), None, "--{name}");
        }
    }
}
