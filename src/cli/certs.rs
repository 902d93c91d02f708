//! `podgate certs`: a certificate authority and a server certificate.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use super::number::whole;
use crate::server::certificates::{self, CertificatesError};

/// Write a certificate authority and a server certificate
///
/// Writes tls.crt, tls.key, ca.crt and ca.key. The certificate is valid for localhost and its addresses, for
/// podgate.podgate.svc and for every --dns.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder to write to; created when missing
    #[arg(long, env = "PODGATE_OUT", value_name = "FOLDER", default_value = "certs")]
    out: PathBuf,

    /// A further DNS name or IP address the certificate is valid for; may be repeated
    #[arg(long, env = "PODGATE_DNS", value_name = "NAME", value_delimiter = ',')]
    dns: Vec<String>,

    /// Days that both certificates are valid
    #[arg(
        long,
        env = "PODGATE_DAYS",
        value_name = "N",
        default_value_t = 365,
        value_parser = whole::<u32>(1, Some(36_500))
    )]
    days: u32,

    /// Overwrite what is there
    #[arg(long, env = "PODGATE_FORCE")]
    force: bool,
}

/// Writes the files and says where.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let written = certificates::write(&args.out, &args.dns, args.days, args.force);
    match written {
        Err(cause @ CertificatesError::Exists { .. }) => Err(cause).context("nothing was written (--force overwrites)"),
        other => other.map_err(Into::into),
    }?;
    let _ = writeln!(
        io::stdout(),
        "wrote {}, {}, {} and {} to {}",
        certificates::CERTIFICATE_FILE,
        certificates::KEY_FILE,
        certificates::CA_FILE,
        certificates::CA_KEY_FILE,
        args.out.display()
    );
    Ok(ExitCode::SUCCESS)
}
