//! `--format` and `--output`, which belong together by their order on the command line.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, ValueEnum, error::ErrorKind, value_parser};

/// The form of the findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For reading
    Text,
    /// For programs
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JUnit XML, for test reports
    Junit,
    /// Workflow commands, for annotations on GitHub; the summary goes to $GITHUB_STEP_SUMMARY
    Github,
    /// A Code Quality report, for merge requests on GitLab
    Gitlab,
}

/// The destination of the findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target<'a> {
    Stdout,
    File(&'a Path),
}

/// The formats that are asked for, each with its file; without one it goes to stdout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outputs(Vec<(Format, Option<PathBuf>)>);

impl Outputs {
    /// Every format with its target.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (Format, Target<'_>)> {
        self.0.iter().map(|(format, file)| (*format, file.as_deref().map_or(Target::Stdout, Target::File)))
    }
}

impl Args for Outputs {
    fn augment_args(command: Command) -> Command {
        command
            .arg(
                Arg::new("format")
                    .long("format")
                    .value_name("FORMAT")
                    .help("How to print; may be repeated, each but one followed by its --output [default: text]")
                    .value_parser(value_parser!(Format))
                    .action(clap::ArgAction::Append),
            )
            .arg(
                Arg::new("output")
                    .long("output")
                    .short('o')
                    .value_name("FILE")
                    .help("Where to write the --format before it; - or none for standard output")
                    .value_parser(value_parser!(PathBuf))
                    .action(clap::ArgAction::Append),
            )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Outputs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let formats = matches.get_many::<Format>("format").unwrap_or_default().copied();
        let formats = formats.zip(matches.indices_of("format").unwrap_or_default());
        let outputs = matches.get_many::<PathBuf>("output").unwrap_or_default();
        let outputs: Vec<(&PathBuf, usize)> = outputs.zip(matches.indices_of("output").unwrap_or_default()).collect();
        pair(&formats.collect::<Vec<_>>(), &outputs)
            .map(Self)
            .map_err(|message| clap::Error::raw(ErrorKind::ArgumentConflict, message))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Gives each format the output that follows it, before the next format. Each comes with its place on the command line.
fn pair(formats: &[(Format, usize)], outputs: &[(&PathBuf, usize)]) -> Result<Vec<(Format, Option<PathBuf>)>, String> {
    // With one format the order says nothing more.
    let formats = match formats {
        [] => vec![(Format::Text, 0)],
        [(only, _)] => vec![(*only, 0)],
        several => several.to_vec(),
    };
    let mut pairs: Vec<(Format, Option<Option<PathBuf>>)> = formats.iter().map(|(format, _)| (*format, None)).collect();
    for (file, at) in outputs {
        let before = formats.iter().filter(|(_, format_at)| format_at < at).count();
        let pair = before.checked_sub(1).and_then(|index| pairs.get_mut(index));
        let Some((_, target)) = pair.filter(|(_, target)| target.is_none()) else {
            return Err(format!("--output {} does not follow a --format of its own", file.display()));
        };
        *target = Some(Some((*file).clone()).filter(|file| file.as_os_str() != "-"));
    }
    let pairs: Vec<_> = pairs.into_iter().map(|(format, target)| (format, target.flatten())).collect();
    if pairs.iter().filter(|(_, file)| file.is_none()).count() > 1 {
        return Err("only one --format can go to standard output; give the others an --output each".to_owned());
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        outputs: Outputs,
    }

    fn parse(line: &str) -> Result<Vec<(Format, Option<String>)>, String> {
        let cli = Cli::try_parse_from(line.split_whitespace()).map_err(|error| error.to_string())?;
        Ok(cli.outputs.0.into_iter().map(|(format, file)| (format, file.map(|it| it.display().to_string()))).collect())
    }

    #[test]
    fn an_output_belongs_to_the_format_before_it() {
        let file = |name: &str| Some(name.to_owned());
        assert_eq!(parse("check"), Ok(vec![(Format::Text, None)]));
        assert_eq!(parse("check --output a"), Ok(vec![(Format::Text, file("a"))]));
        assert_eq!(parse("check --output a --format json"), Ok(vec![(Format::Json, file("a"))]));
        assert_eq!(
            parse("check --format text --format json -o a"),
            Ok(vec![(Format::Text, None), (Format::Json, file("a"))])
        );
        assert_eq!(
            parse("check --format json -o a --format text --output -"),
            Ok(vec![(Format::Json, file("a")), (Format::Text, None)])
        );
        assert!(parse("check --format text --format json").unwrap_err().contains("only one --format"));
        assert!(parse("check --format json -o a -o b").unwrap_err().contains("--output b does not follow"));
        assert!(parse("check -o a --format json --format text").unwrap_err().contains("--output a does not follow"));
    }
}
