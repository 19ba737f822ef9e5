//! `registry-node`: the Secure Trust Registry on the command line. See `registry-node --help`.

use std::process::ExitCode;

use clap::Parser;
use registry_node::cli::{Cli, output};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let json = cli.json;
    match cli.run() {
        Ok(code) => code,
        Err(error) if output::is_reader_gone(&error) => ExitCode::FAILURE,
        Err(error) => {
            output::failure(&error, json);
            ExitCode::FAILURE
        }
    }
}
