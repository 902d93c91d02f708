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

/// Returns whether an argument is there or not, and takes no value on the command line.
pub(super) fn is_switch(arg: &Arg) -> bool {
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
