//! `seikan run`: one job in this process, on the same road as any other, in a data directory of its own that is
//! removed afterwards.

use super::arguments::RunOptions;
use super::{FAILED, WRONG, progress};
use crate::app::{JobText, Server, ServerOptions, block_on};
use crate::model::JobState;
use std::process::ExitCode;

pub(super) fn run(options: RunOptions) -> ExitCode {
    let RunOptions { file, name, variables } = options;
    let parsed = JobText::read(&file, false).and_then(|text| Ok((text.parse(&variables)?, text)));
    let (tree, text) = match parsed {
        Ok(parsed) => parsed,
        Err(problems) => {
            problems.iter().for_each(|problem| eprintln!("error: {problem}"));
            return ExitCode::from(WRONG);
        }
    };
    block_on(async move {
        let options = match ServerOptions::for_one_job() {
            Ok(options) => options,
            Err(error) => {
                eprintln!("error: {error}");
                return ExitCode::from(WRONG);
            }
        };
        let server = match Server::start(options).await {
            Ok(server) => server,
            Err(error) => {
                eprintln!("error: {error}");
                return ExitCode::from(FAILED);
            }
        };
        let code = match server.submit(&tree, &text, name.as_deref()).await {
            Err(mut problems) => {
                text.locate(&variables, &mut problems);
                problems.iter().for_each(|problem| eprintln!("error: {problem}"));
                ExitCode::from(WRONG)
            }
            Ok(id) => tokio::select! {
                record = progress::follow(&server, id) => match record {
                    Some(record) => {
                        eprintln!("{}", progress::result(&(&record).into()));
                        if record.state == JobState::Finished { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
                    }
                    None => ExitCode::from(FAILED),
                },
                signal = crate::runtime::stop_signal() => {
                    eprintln!("{signal}: the job is stopped");
                    server.cancel(id).await;
                    ExitCode::from(FAILED)
                }
            },
        };
        server.stop().await;
        code
    })
}
