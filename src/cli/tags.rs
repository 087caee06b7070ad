//! `seikan tags`: those of a server's node, shown or replaced.

use super::client::{Failure, connect, end};
use super::client_arguments::TagsOptions;
use super::job_view::scalar;
use super::remote::Remote;
use super::say;
use super::table::Table;
use serde_json::{Map, Value};
use std::process::ExitCode;

pub(super) fn tags(options: TagsOptions) -> ExitCode {
    let done = connect(&options.target).and_then(|remote| {
        if options.clear || !options.tags.is_empty() {
            let new = options.tags.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str())));
            let new = Value::Object(new.collect::<Map<_, _>>());
            remote.send("/update-tags", new.to_string().as_bytes())?;
        }
        let shown = current(&remote)?;
        if options.printing.json {
            say(&shown.to_string());
            return Ok(0);
        }
        let mut table = Table::new(&["TAG", "VALUE"]);
        for (name, value) in shown.as_object().into_iter().flatten() {
            table.row([name.clone(), scalar(value)]);
        }
        table.print();
        Ok(0)
    });
    end(options.printing, done)
}

fn current(remote: &Remote) -> Result<Value, Failure> {
    match remote.get("/overview")?.get_mut("tags").map(Value::take) {
        Some(tags @ Value::Object(_)) => Ok(tags),
        _ => Err(Failure::failed(format!("{} doesn't tell its tags", remote.url()))),
    }
}
