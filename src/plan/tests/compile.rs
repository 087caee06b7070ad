//! Schemas of edges, several tables, and compiling again.

use super::{DEFAULTS, dag_text, job, plan, refusal, registry, run};
use crate::model::Problem;
use crate::plan::{Output, recompile_spec};

#[test]
fn several_tables_go_through_transforms() {
    let plan = plan(
        r#"{"env":{"parallelism":2},
        "source":[{"plugin_name":"FakeSource","schema":{"fields":{"a":"int"}},"table-names":["db.a","db.b"],
                   "plugin_output":"f"}],
        "transform":[{"plugin_name":"Copy","plugin_input":"f","plugin_output":"t","fields":{"b":"a"}},
                     {"plugin_name":"Drop","plugin_input":"t","plugin_output":"u","table":"db.b"}],
        "sink":[{"plugin_name":"Console","plugin_input":"u"},{"plugin_name":"Console","plugin_input":"t"}]}"#,
    );
    let columns = |transform: usize, table: usize| -> Vec<String> {
        let made = plan.transforms[transform].tables[table].1.first();
        made.map(|t| t.columns.iter().map(|c| c.name.clone()).collect()).unwrap_or_default()
    };
    assert_eq!((columns(0, 0), columns(0, 1)), (vec!["a".into(), "b".into()], vec!["a".into(), "b".into()]));
    assert!(plan.transforms[1].tables[1].1.is_empty(), "dropped");
    assert_eq!(plan.sources[0].outputs, [Output::Transform(0)]);
    assert_eq!(plan.transforms[0].outputs, [Output::Transform(1), Output::Sink(1)]);
    assert_eq!(plan.written_tables(), ["db.a", "db.b"]);
    assert_eq!(
        dag_text(&plan),
        "1 Source pipeline-1 [Source[0]-FakeSource] p=2 (db.a,db.b)\n\
         4 Sink pipeline-1 [Sink[1]-Console-MultiTableSink] p=2 (db.a,db.b)\n\
         5 Sink pipeline-1 [Sink[0]-Console-MultiTableSink] p=2 (db.a)\n\
         6 Transform pipeline-1 [TransformChain[Transform[0]-Copy]] p=2 ()\n\
         7 Transform pipeline-1 [TransformChain[Transform[1]-Drop]] p=2 ()\n\
         1: 1 -> 6\n1: 6 -> 7\n1: 6 -> 4\n1: 7 -> 5"
    );
}

#[test]
fn alike_tables_of_one_name_become_one() {
    let plan = plan(
        r#"{"source":[{"plugin_name":"FakeSource","schema":{"fields":{"a":"int"}},"table-names":["x","y"],
                       "plugin_output":"f"}],
        "transform":[{"plugin_name":"Drop","plugin_input":"f","plugin_output":"v","rename":"one"}],
        "sink":[{"plugin_name":"Console","plugin_input":"v"}]}"#,
    );
    assert_eq!(plan.written_tables(), ["one"]);
    assert_eq!(plan.transforms[0].tables.len(), 2);
}

#[test]
fn problems_that_show_with_the_tables() {
    let problems = refusal(
        r#"{"source":[{"plugin_name":"FakeSource","schema":{"fields":{"a":"int"}},"plugin_output":"f",
                       "table-names":["x","y"]}],
        "transform":[{"plugin_name":"Copy","plugin_input":"f","plugin_output":"t","fields":{"b":"q"}},
                     {"plugin_name":"Copy","plugin_input":"t","plugin_output":"u"},
                     {"plugin_name":"Copy","plugin_input":"f","plugin_output":"w","fields":{"c":"a"},
                      "table_match_regex":"[y-z]"},
                     {"plugin_name":"Drop","plugin_input":"w","plugin_output":"v","rename":"one"}],
        "sink":[{"plugin_name":"Console","plugin_input":"u"},{"plugin_name":"Console","plugin_input":"v"}]}"#,
    );
    assert_eq!(
        problems,
        "transform[0].Copy.fields: there is no column \"q\" (table \"x\")\n\
         transform[0].Copy.fields: there is no column \"q\" (table \"y\")\n\
         transform[3].Drop: makes one table \"one\" of \"x\" and \"y\", but they differ: (a INT) and (a INT, c INT)"
    );
    let problems = refusal(
        r#"{"source":[{"plugin_name":"FakeSource","schema":{"fields":{"a":"int"}},"plugin_output":"f"}],
        "transform":[{"plugin_name":"Drop","plugin_input":"f","plugin_output":"t","table":"f"}],
        "sink":[{"plugin_name":"Console","plugin_input":"t"},{"plugin_name":"Console","plugin_input":"f"}]}"#,
    );
    assert_eq!(
        problems,
        "sink[0].Console.plugin_input: no table reaches this sink: its transforms drop them all"
    );
    let problems = refusal(
        r#"{"source":[{"plugin_name":"FakeSource","schema":{"fields":{"a":"int"}}}],
        "sink":[{"plugin_name":"Console","wants":"b"}]}"#,
    );
    assert_eq!(problems, "sink[0].Console.wants: \"default.default.default\" has no column \"b\"");
}

#[test]
fn a_parallelism_of_its_own_goes_downstream() {
    let plan = plan(
        r#"{"env":{"parallelism":2},
        "source":[{"plugin_name":"FakeSource","schema":{}},{"plugin_name":"FakeSource","schema":{},"parallelism":3}],
        "transform":[], "sink":[]}"#
            .replace(r#""schema":{}}"#, r#""schema":{},"plugin_output":"f"}"#)
            .replace(r#""parallelism":3}"#, r#""parallelism":3,"plugin_output":"g"}"#)
            .replace(
                r#""transform":[]"#,
                r#""transform":[{"plugin_name":"Copy","plugin_input":"g","plugin_output":"t","parallelism":4}]"#,
            )
            .replace(
                r#""sink":[]"#,
                r#""sink":[{"plugin_name":"Console","plugin_input":"f"},{"plugin_name":"Console","plugin_input":"t"}]"#,
            )
            .as_str(),
    );
    assert_eq!((plan.sources[0].parallelism, plan.sources[1].parallelism), (2, 3));
    assert_eq!((plan.sinks[0].parallelism, plan.sinks[1].parallelism), (2, 4));
    assert_eq!(plan.slots, 5, "per pipeline its source's");
}

const STORED: &str = r#"{"source":[{"plugin_name":"FakeSource","schema":{"fields":{"a":"int"}},"plugin_output":"f"}],
    "sink":[{"plugin_name":"Console","plugin_input":"f"}]}"#;

#[test]
fn a_recorded_job_compiles_again_without_io() {
    let first = run(STORED).unwrap_or_else(|rejection| panic!("{rejection}"));
    // The tables come from the record: a source that can't be reached any more doesn't matter.
    let unreachable = job(&STORED.replace("FakeSource", "Nowhere"));
    let again = recompile_spec(&unreachable, &first.catalogues, &registry(), &DEFAULTS);
    let again = again.unwrap_or_else(|rejection| panic!("{rejection}"));
    assert_eq!(again.sources[0].tables, first.plan.sources[0].tables);
    assert_eq!(dag_text(&again).replace("Nowhere", "FakeSource"), dag_text(&first.plan));
}

#[test]
fn tables_that_do_not_fit_the_job_are_refused() {
    let errors = |catalogues: &str| -> Vec<Problem> {
        recompile_spec(&job(STORED), catalogues, &registry(), &DEFAULTS)
            .err()
            .map(|r| r.errors)
            .unwrap_or_default()
    };
    assert_eq!(errors("[]")[0].to_string(), "source: there are tables of 0 sources, but the job has 1");
    assert!(errors("{")[0].message.starts_with("stored tables can't be read: "));
}
