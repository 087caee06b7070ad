//! `seikan serve`.

use super::arguments::ServeOptions;
use super::{FAILED, WRONG, progress, say};
use crate::app::{CheckedJob, Server, ServerOptions, block_on, check_data_dir};
use crate::config;
use crate::runtime::{self, LogFormat, Logging};
use std::process::ExitCode;

pub(super) fn serve(options: ServeOptions) -> ExitCode {
    let flags = config::Flags { data_dir: options.data_dir, listen: options.listen };
    let loaded = match config::load(options.config.as_deref(), &flags)
        .and_then(|loaded| loaded.config.check_exposure().map(|()| loaded))
    {
        Ok(loaded) => loaded,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(WRONG);
        }
    };
    let logging = Logging::start(if loaded.config.logs.json { LogFormat::Json } else { LogFormat::Human });
    for warning in &loaded.warnings {
        tracing::warn!("configuration: {warning}");
    }
    if let Err(error) = check_data_dir(&loaded.config.store.data_dir) {
        eprintln!("error: --data-dir: {error}");
        return ExitCode::from(WRONG);
    }
    let job = match options.submit.as_deref().map(CheckedJob::read).transpose() {
        Ok(job) => job,
        Err(problems) => {
            problems.iter().for_each(|problem| eprintln!("error: {problem}"));
            return ExitCode::from(WRONG);
        }
    };
    block_on(async move {
        let server =
            match Server::start(ServerOptions::for_config(loaded.config, options.resume, logging)).await {
                Ok(server) => server,
                Err(error) => {
                    eprintln!("error: {error}");
                    return ExitCode::from(FAILED);
                }
            };
        say(server.greeting());
        let submitted = async {
            if let Some(job) = &job {
                submit(&server, job).await;
            }
            std::future::pending::<()>().await;
        };
        let signal = tokio::select! {
            signal = runtime::stop_signal() => signal,
            () = submitted => "the job's end",
            reason = server.failed() => {
                eprintln!("error: {reason}");
                server.stop().await;
                return ExitCode::from(FAILED);
            }
        };
        tracing::info!("{signal}: jobs are suspended, then the server ends; a second signal ends it at once");
        tokio::select! {
            () = server.stop() => ExitCode::SUCCESS,
            _second = runtime::stop_signal() => ExitCode::from(FAILED),
        }
    })
}

/// `--submit`: one job to its result; then the server goes on. What is refused only now (no slots, the store) is said.
async fn submit(server: &Server, job: &CheckedJob) {
    match server.submit(&job.tree, &job.text, None).await {
        Ok(id) => {
            say(&format!("job {id} submitted: {}", job.text.name));
            if let Some(record) = progress::follow(server, id).await {
                say(&progress::result(&(&record).into()));
            }
        }
        Err(problems) => problems.iter().for_each(|problem| eprintln!("error: {problem}")),
    }
}
