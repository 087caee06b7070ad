//! Sources that answer, fail, panic or never come back.

use super::{DEFAULTS, job, refusal, registry};
use crate::plan::discover::{Catalogues, discover_within};
use crate::plan::validate;
use crate::table::{CatalogTable, Column, DataType, TablePath};
use std::time::Duration;

#[test]
fn every_source_that_fails_is_named() {
    let problems = refusal(
        r#"{"source":[{"plugin_name":"Nowhere","schema":{},"plugin_output":"a"},
                      {"plugin_name":"FakeSource","schema":{},"plugin_output":"b","table-names":["x","x"]},
                      {"plugin_name":"Panics","schema":{},"plugin_output":"c"},
                      {"plugin_name":"FakeSource","schema":{},"plugin_output":"d","table-names":[]},
                      {"plugin_name":"FakeSource","schema":{},"plugin_output":"e"}],
        "sink":[{"plugin_name":"Console","plugin_input":"a,b,c,d,e"}]}"#,
    );
    assert_eq!(
        problems,
        "source[0].Nowhere: /no/such/file can't be read\n\
         source[1].FakeSource: declares the table \"x\" twice\n\
         source[2].Panics: the plug-in panicked while it looked for its tables\n\
         source[3].FakeSource: declares no table; there is nothing to read"
    );
}

#[test]
fn a_source_that_never_answers_meets_the_deadline() {
    let spec = job(
        r#"{"env":{"job.mode":"STREAMING"},"source":[{"plugin_name":"Endless","schema":{},"plugin_output":"a"},
                      {"plugin_name":"Endless","schema":{},"plugin_output":"b"}],
            "sink":[{"plugin_name":"Console","plugin_input":"a,b"}]}"#,
    );
    let registry = registry();
    let valid = validate(&spec, &registry, &DEFAULTS).unwrap_or_else(|rejection| panic!("{rejection}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let rejection = runtime.block_on(discover_within(&valid, Duration::from_millis(5))).unwrap_err();
    assert_eq!(
        rejection.to_string(),
        "source[0].Endless: tables could not be found within 5ms\n\
         source[1].Endless: tables could not be found within 5ms"
    );
}

#[test]
fn a_source_that_never_ends_is_no_batch_job() {
    let job = r#"{"source":[{"plugin_name":"Endless","schema":{}}],"sink":[{"plugin_name":"Console"}]}"#;
    assert_eq!(
        refusal(job),
        "source[0].Endless: \"Endless\" never ends, so it can't be read in a BATCH job (set env.job.mode = STREAMING)"
    );
}

#[test]
fn stored_tables_are_read_back_or_refused_at_once() {
    let nested = |depth: usize| {
        let data_type = (0..depth).fold(DataType::Int, |inner, _| DataType::Array(Box::new(inner)));
        let column = Column::new("quoted \" [ \\", data_type);
        Catalogues(vec![vec![CatalogTable::new("x", TablePath::default_path(), vec![column])]])
    };
    let text = nested(100).to_json().unwrap_or_else(|problem| panic!("{problem}"));
    assert_eq!(Catalogues::from_json(&text), Ok(nested(100)));
    let problem = nested(130).to_json().unwrap_err();
    assert_eq!(problem.to_string(), "source: a column's type is nested too deep");
}
