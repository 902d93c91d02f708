//! `docs/reference/cli.md`: every command with its arguments, flags, defaults and environment variables, as clap has them.

use clap::{Arg, Command};

use crate::tree::hold;

/// Stands in front of what clap says.
const HEAD: &str = "# Command line

Every command, as `podgate help COMMAND` says it, too. Where a flag has an environment variable, the flag wins. A switch takes `1`,
`true`, `yes` and `on` of its variable, and `0`, `false`, `no` and `off`; a variable that is empty counts as not set. What is read
besides, files and variables, stands in [Configuration](configuration.md).

Exit codes have one meaning everywhere: 0 where all is well, 1 where something was found or denied, 2 where podgate could not do what
was asked (bad flags, a file that cannot be read, a cluster that cannot be asked). What is special about a command stands there.

Generated from the code; `UPDATE=1 cargo test` writes it.
";

/// Returns a text for a cell of a table, in one line.
fn cell(text: &str) -> String {
    text.replace('\n', " ").replace('|', "\\|").replace('<', "&lt;")
}

/// Returns what a flag is called, and what it takes.
fn name(arg: &Arg) -> String {
    let values: Vec<String> = arg.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect();
    let takes = if arg.get_action().takes_values() { format!(" {}", values.join(" ")) } else { String::new() };
    match (arg.get_short(), arg.get_long()) {
        (Some(short), Some(long)) => format!("`-{short}`, `--{long}{takes}`"),
        (None, Some(long)) => format!("`--{long}{takes}`"),
        (Some(short), None) => format!("`-{short}{takes}`"),
        (None, None) => {
            let is_many = arg.get_num_args().is_some_and(|number| number.max_values() > 1);
            format!("`{}{}`", takes.trim_start(), if is_many { "…" } else { "" })
        }
    }
}

/// Returns the row of an argument or flag.
fn row(arg: &Arg) -> String {
    let says = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let mut says = cell(says.trim());
    let values: Vec<_> = arg.get_possible_values().into_iter().filter(|value| !value.is_hide_set()).collect();
    if !values.is_empty() && arg.get_action().takes_values() && !arg.is_hide_possible_values_set() {
        let value = |value: &clap::builder::PossibleValue| {
            let help = value.get_help().map(|help| format!(" ({})", cell(&help.to_string()))).unwrap_or_default();
            format!("`{}`{help}", value.get_name())
        };
        says.push_str(&format!("<br>One of {}", values.iter().map(value).collect::<Vec<_>>().join(", ")));
    }
    let defaults: Vec<String> = arg.get_default_values().iter().map(|it| format!("`{}`", it.display())).collect();
    let default = if arg.get_action().takes_values() { defaults.join(", ") } else { String::new() };
    let variable = arg.get_env().map(|it| format!("`{}`", it.display())).unwrap_or_default();
    format!("| {} | {says} | {default} | {variable} |\n", name(arg))
}

/// Returns what is said of a command and of those below it; `above` is how it is called up to its own name.
fn section(command: &mut Command, above: &str) -> String {
    let title = format!("{above}{}", command.get_name());
    let mut text = String::new();
    if !above.is_empty() {
        text.push_str(&format!("\n## {title}\n\n"));
        let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
        text.push_str(about.trim());
        let stop = if about.trim_end().ends_with(['.', ':']) { "" } else { "." };
        text.push_str(&format!("{stop}\n\n"));
        let usage = command.clone().bin_name(&title).render_usage().to_string();
        let usage = usage.trim_start_matches("Usage:").trim();
        text.push_str(&format!("```text\n{usage}\n```\n"));
    }
    let help = ["help", "version"];
    let args: Vec<&Arg> =
        command.get_arguments().filter(|arg| !arg.is_hide_set() && !help.contains(&arg.get_id().as_str())).collect();
    if !args.is_empty() {
        text.push_str("\n| argument | says | default | variable |\n|---|---|---|---|\n");
        text.extend(args.into_iter().map(row));
    }
    for below in command.get_subcommands_mut().filter(|below| below.get_name() != "help" && !below.is_hide_set()) {
        text.push_str(&section(below, &format!("{title} ")));
    }
    text
}

#[test]
fn the_command_line_is_described() {
    let mut command = podgate::cli::command();
    // What belongs to builds with other features is not in everybody's podgate.
    command.build();
    let all = section(&mut command, "");
    assert!(all.matches("\n## podgate ").count() >= 15, "{all}");
    assert!(all.contains("PODGATE_LISTEN") && all.contains("`--fail-on"), "{all}");
    hold("docs/reference/cli.md", &format!("{HEAD}{all}"));
}
