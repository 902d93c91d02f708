//! `podgate completions`: shell completion.

use std::process::ExitCode;

use clap_complete::Shell;

/// Print the completion script for a shell
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &Args, command: &mut clap::Command) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, command, "podgate", &mut script);
    let more = if args.shell == Shell::Fish { fish_values(command) } else { String::new() };
    super::output::print(&(String::from_utf8(script)? + &more))?;
    Ok(ExitCode::SUCCESS)
}

/// Returns lines for the values of arguments without a flag, such as the id in `podgate rules ID`, which clap_complete leaves out for
/// fish.
fn fish_values(command: &clap::Command) -> String {
    let mut lines = String::new();
    for below in command.get_subcommands() {
        for value in
            below.get_positionals().flat_map(|arg| arg.get_value_parser().possible_values().into_iter().flatten())
        {
            let help = value.get_help().map(|help| format!(" -d '{}'", help.to_string().replace(['\'', '\\'], " ")));
            let (below, name) = (below.get_name(), value.get_name());
            lines.push_str(&format!(
                "complete -c podgate -n \"__fish_podgate_using_subcommand {below}\" -f -a \"{name}\"{}\n",
                help.unwrap_or_default()
            ));
        }
    }
    lines
}
