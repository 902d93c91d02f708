//! `podgate man`: manual pages.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::Context;

/// Print the manual page, or write those of all commands
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder to write podgate.1, podgate-check.1 and so on to; created when missing
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args, command: clap::Command) -> anyhow::Result<ExitCode> {
    if let Some(folder) = &args.out {
        fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(command, folder))
            .with_context(|| format!("cannot write to {}", folder.display()))?;
    } else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        super::output::print(&String::from_utf8(page)?)?;
    }
    Ok(ExitCode::SUCCESS)
}
