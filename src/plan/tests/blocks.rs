//! Plug-ins by name, their options, and all problems at once.

use super::{plan, refusal, warnings};

fn source(options: &str) -> String {
    format!(r#"{{"source":[{{{options}}}],"sink":[{{"plugin_name":"Console"}}]}}"#)
}

#[test]
fn plugin_names_in_any_case_but_not_with_blanks() {
    for name in ["FakeSource", "fakesource", "FAKESOURCE"] {
        let plan = plan(&source(&format!(r#""plugin_name":"{name}","schema":{{}}"#)));
        assert_eq!(plan.sources[0].name, format!("Source[0]-{name}"), "as typed");
    }
    for name in ["FakeSource ", " FakeSource", "FakeSourec", "DynamicCompile"] {
        let problem = refusal(&source(&format!(r#""plugin_name":"{name}","schema":{{}}"#)));
        let wanted = format!(
            "source[0].{name}: there is no source plug-in \"{name}\"; available: Endless, FakeSource, Nowhere, Panics"
        );
        assert!(problem.starts_with(&wanted), "{problem}");
        assert_eq!(problem.contains("did you mean \"FakeSource\"?"), name != "DynamicCompile", "{problem}");
    }
}

#[test]
fn options_are_converted_leniently() {
    for value in [r#""3""#, r#"" 3 ""#, "3.0", r#""+3""#, r#""1e1""#, "null"] {
        plan(&source(&format!(r#""plugin_name":"FakeSource","schema":{{}},"row.num":{value}"#)));
    }
    plan(&source(r#""plugin_name":"FakeSource","schema":{},"row":{"num":3}"#));
    for value in [r#""3L""#, r#""true""#, "[3]", r#""""#] {
        let problem =
            refusal(&source(&format!(r#""plugin_name":"FakeSource","schema":{{}},"row.num":{value}"#)));
        assert!(problem.starts_with("source[0].FakeSource.row.num: "), "{problem}");
        assert!(problem.ends_with("is not an integer of 32 bits"), "{problem}");
    }
}

/// An id may be of any type: it becomes text.
#[test]
fn ids_become_text() {
    for (id, table) in [("1.5", "1.5"), ("true", "true"), (r#"{"a":1}"#, r#"{"a":1}"#)] {
        let job = source(&format!(r#""plugin_name":"FakeSource","schema":{{}},"result_table_name":{id}"#));
        assert_eq!(plan(&job).read_tables(), [table], "{id}");
    }
    for id in ["null", r#""""#, r#"" ""#] {
        let job = source(&format!(r#""plugin_name":"FakeSource","schema":{{}},"result_table_name":{id}"#));
        assert_eq!(plan(&job).read_tables(), ["default.default.default"], "{id}");
    }
}

#[test]
fn unknown_options_are_warned_about() {
    let job = r#"{"env":{"job.mod":1},
        "source":[{"plugin_name":"FakeSource","schema":{},"row_num":3,"row":{"num":1},"parallelism":2}],
        "transform":[{"plugin_name":"Copy","field":{}}],
        "sink":[{"plugin_name":"Console","nope":1,"parallelism":2,"multi_table_sink_replica":2}]}"#;
    assert_eq!(
        warnings(job),
        [
            "env.job.mod: is not an option of env; it is ignored (did you mean \"job.mode\"?)",
            "source[0].FakeSource.row_num: is not an option of this plug-in; it is ignored (did you mean \"row.num\"?)",
            "transform[0].Copy.field: is not an option of this plug-in; it is ignored (did you mean \"fields\"?)",
            "sink[0].Console.nope: is not an option of this plug-in; it is ignored",
            "sink[0].Console.parallelism: is not an option of this plug-in; it is ignored",
        ]
    );
}

#[test]
fn every_problem_of_a_text_at_once() {
    let job = r#"{"env":{"job.mode":"x","parallelism":"y"},
        "source":[{"plugin_name":"FakeSource","row.num":"z","plugin_output":"f"},
                  {"plugin_name":"Kafka","plugin_output":"g"},
                  {"plugin_name":"Endless","schema":{},"plugin_output":"h","parallelism":1.0e9}],
        "transform":[{"plugin_name":"Copy","plugin_input":"q","plugin_output":"t","fields":5}],
        "sink":[{"plugin_name":"Console","plugin_input":"f","log.print.data":"t","multi_table_sink_replica":0},
                {"plugin_name":"Consol","plugin_input":{}}]}"#;
    insta::assert_snapshot!(refusal(job), @r#"
    env.job.mode: "x" is not allowed here; allowed: BATCH, STREAMING
    env.parallelism: "y" is not an integer of 32 bits
    source[0].FakeSource.row.num: "z" is not an integer of 32 bits
    source[0].FakeSource.schema: is required (columns)
    source[1].Kafka: there is no source plug-in "Kafka"; available: Endless, FakeSource, Nowhere, Panics
    source[2].Endless.parallelism: 1000000000 is not allowed; allowed: 1 to 1024
    source[2].Endless: "Endless" never ends, so it can't be read in a BATCH job (set env.job.mode = STREAMING)
    transform[0].Copy.fields: 5 is not an object
    sink[0].Console.multi_table_sink_replica: 0 is not allowed; allowed: 1 or more
    sink[0].Console.log.print.data: "t" is not a boolean; allowed: true, false
    sink[1].Consol.plugin_input: {} is not a list
    sink[1].Consol: there is no sink plug-in "Consol"; available: Assert, Console; did you mean "Console"?
    transform[0].Copy.plugin_input: "q" is the id of no source or transform; ids are: f, g, h, t
    "#);
}

#[test]
fn lists_that_are_empty_and_lists_that_are_too_long() {
    assert_eq!(
        refusal(r#"{"source":[],"sink":[]}"#),
        "source: is missing or empty: a job needs at least one source\n\
         sink: is missing or empty: a job needs at least one sink"
    );
    let sinks = vec![r#"{"plugin_name":"Console","plugin_input":"f"}"#; 4096].join(",");
    let job = |sinks: &str| {
        format!(
            r#"{{"source":[{{"plugin_name":"FakeSource","schema":{{}},"plugin_output":"f"}}],"sink":[{sinks}]}}"#
        )
    };
    assert_eq!(refusal(&job(&sinks)), "the job has 4097 blocks; allowed: up to 4096");
    let fewer = &sinks[..sinks.rfind(",{").unwrap()];
    assert_eq!(plan(&job(fewer)).sinks.len(), 4095);
}
