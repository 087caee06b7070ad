//! Which graphs are wired, how, and with what words others are refused.

use super::{dag_text, plan, refusal, warnings};
use crate::plan::Output;

const FAKE: &str = r#""plugin_name":"FakeSource","schema":{"fields":{"a":"int"}},"row.num":2"#;

/// A job of source, transform and sink lists, `{F}` standing for the source's options.
fn text(source: &str, transform: &str, sink: &str) -> String {
    format!(r#"{{"source":[{source}],"transform":[{transform}],"sink":[{sink}]}}"#).replace("{F}", FAKE)
}

/// What users' jobs of the same shapes do in the Java engine: accepted, and how many rows' ways there are from a
/// source to a sink.
#[test]
fn graphs_that_are_accepted() {
    let cases: &[(&str, &str, &str, &str, &str)] = &[
        (
            "sink has a wrong id",
            r#"{{F},"result_table_name":"f"}"#,
            "",
            r#"{"plugin_name":"Console","source_table_name":"zz"}"#,
            "1: 1 -> 2",
        ),
        ("no ids", r#"{{F}}"#, "", r#"{"plugin_name":"Console"}"#, "1: 1 -> 2"),
        (
            "ids only on the source",
            r#"{{F},"result_table_name":"f"}"#,
            "",
            r#"{"plugin_name":"Console"}"#,
            "1: 1 -> 2",
        ),
        (
            "id as list",
            r#"{{F},"result_table_name":"f"}"#,
            "",
            r#"{"plugin_name":"Console","source_table_name":["f"]}"#,
            "1: 1 -> 2",
        ),
        (
            "id list with an unknown one",
            r#"{{F},"result_table_name":"f"}"#,
            "",
            r#"{"plugin_name":"Console","source_table_name":["f","zz"]}"#,
            "1: 1 -> 2",
        ),
        (
            "new spelling",
            r#"{{F},"plugin_output":"f"}"#,
            "",
            r#"{"plugin_name":"Console","plugin_input":"f"}"#,
            "1: 1 -> 2",
        ),
        (
            "two sinks on one id",
            r#"{{F},"result_table_name":"f"}"#,
            "",
            r#"{"plugin_name":"Console","source_table_name":"f"},{"plugin_name":"Console","source_table_name":"f"}"#,
            "1: 1 -> 2, 1: 1 -> 3",
        ),
        (
            "two sources, list",
            r#"{{F},"result_table_name":"f"},{{F},"result_table_name":"g"}"#,
            "",
            r#"{"plugin_name":"Console","source_table_name":["f","g"]}"#,
            "1: 1 -> 2, 2: 3 -> 4",
        ),
        (
            "two sources, comma text",
            r#"{{F},"result_table_name":"f"},{{F},"result_table_name":"g"}"#,
            "",
            r#"{"plugin_name":"Console","source_table_name":"f, g"}"#,
            "1: 1 -> 2, 2: 3 -> 4",
        ),
        (
            "ids differ by case",
            r#"{{F},"result_table_name":"f"},{{F},"result_table_name":"F"}"#,
            "",
            r#"{"plugin_name":"Console","source_table_name":"f"},{"plugin_name":"Console","source_table_name":"F"}"#,
            "1: 1 -> 2, 2: 3 -> 4",
        ),
        (
            "transform without ids",
            r#"{{F}}"#,
            r#"{"plugin_name":"Copy","fields":{"b":"a"}}"#,
            r#"{"plugin_name":"Console"}"#,
            "1: 1 -> 4, 1: 4 -> 3",
        ),
        (
            "transform takes its own id, alone",
            r#"{{F}}"#,
            r#"{"plugin_name":"Copy","plugin_input":"t","plugin_output":"t"}"#,
            r#"{"plugin_name":"Console"}"#,
            "1: 1 -> 4, 1: 4 -> 3",
        ),
        (
            "two transforms out of order",
            r#"{{F},"result_table_name":"f"}"#,
            r#"{"plugin_name":"Copy","fields":{"c":"a"},"source_table_name":"t1","result_table_name":"t2"},
               {"plugin_name":"Copy","fields":{"b":"a"},"source_table_name":"f","result_table_name":"t1"}"#,
            r#"{"plugin_name":"Console","source_table_name":"t2"}"#,
            "1: 1 -> 5, 1: 5 -> 4",
        ),
        (
            "transform unused, in a simple graph",
            r#"{{F},"result_table_name":"f"}"#,
            r#"{"plugin_name":"Copy","fields":{"b":"a"},"source_table_name":"f","result_table_name":"t1"}"#,
            r#"{"plugin_name":"Console","source_table_name":"f"}"#,
            "1: 1 -> 2",
        ),
    ];
    for (name, source, transform, sink, edges) in cases {
        let plan = plan(&text(source, transform, sink));
        let found: Vec<String> =
            plan.dag.edges.iter().map(|e| format!("{}: {} -> {}", e.pipeline, e.from, e.to)).collect();
        assert_eq!(found.join(", "), *edges, "{name}");
    }
}

#[test]
fn graphs_that_are_refused() {
    let cases: &[(&str, &str, &str, &str)] = &[
        (
            r#"{{F},"result_table_name":"f"}"#,
            "",
            r#"{"plugin_name":"Console","source_table_name":"f"},{"plugin_name":"Console","source_table_name":"zz"}"#,
            r#"sink[1].Console.source_table_name: "zz" is the id of no source or transform; ids are: f"#,
        ),
        (
            r#"{{F},"plugin_output":"orders"}"#,
            "",
            r#"{"plugin_name":"Console","plugin_input":"orders"},{"plugin_name":"Console","plugin_input":["order"]}"#,
            "sink[1].Console.plugin_input: \"order\" is the id of no source or transform; ids are: orders \
             (did you mean \"orders\"?)",
        ),
        (
            // A misspelt id is said once, not also as an id that nobody takes.
            r#"{{F},"plugin_output":"orders"},{{F},"plugin_output":"x1"}"#,
            "",
            r#"{"plugin_name":"Console","plugin_input":"oders"}"#,
            "sink[0].Console.plugin_input: \"oders\" is the id of no source or transform; ids are: orders, x1 \
             (did you mean \"orders\"?)\n\
             source[1].FakeSource.plugin_output: \"x1\" is taken by no transform and no sink",
        ),
        (
            r#"{{F},"result_table_name":"f"},{{F},"result_table_name":"f"}"#,
            "",
            r#"{"plugin_name":"Console","source_table_name":"f"}"#,
            r#"source[1].FakeSource.result_table_name: "f" is the id of source[0].FakeSource too; ids must be different"#,
        ),
        (
            r#"{{F}},{{F},"plugin_output":"g"}"#,
            "",
            r#"{"plugin_name":"Console"}"#,
            "source[0].FakeSource.plugin_output: is required: a job with several sources, transforms or sinks is \
             wired by ids\n\
             sink[0].Console.plugin_input: is required: a job with several sources, transforms or sinks is wired by \
             ids; ids are: g",
        ),
        (
            r#"{{F},"result_table_name":"f"}"#,
            r#"{"plugin_name":"Copy","source_table_name":"t2","result_table_name":"t1"},
               {"plugin_name":"Copy","source_table_name":"t1","result_table_name":"t2"}"#,
            r#"{"plugin_name":"Console","source_table_name":"t1"}"#,
            "source[0].FakeSource.result_table_name: \"f\" is taken by no transform and no sink\n\
             transform[0].Copy.source_table_name: rows go round in a circle: \
             transform[0].Copy -> transform[1].Copy -> transform[0].Copy",
        ),
        (
            r#"{{F},"plugin_output":"f"}"#,
            r#"{"plugin_name":"Copy","plugin_input":["f","t1"],"plugin_output":"t1"},
               {"plugin_name":"Copy","plugin_input":"t1","plugin_output":"t2"}"#,
            r#"{"plugin_name":"Console","plugin_input":"t2"}"#,
            "transform[0].Copy.plugin_input: rows go round in a circle: transform[0].Copy -> transform[0].Copy",
        ),
        (
            r#"{{F},"plugin_output":"f"},{"plugin_name":"FakeSource","plugin_output":"g","schema":{"fields":{"b":"string"}}}"#,
            "",
            r#"{"plugin_name":"Console","plugin_input":"f,g"}"#,
            "sink[0].Console.plugin_input: only inputs with the same columns can be united, but \"f\" has (a INT) \
             and \"g\" has (b STRING)",
        ),
        (
            r#"{{F},"plugin_output":"f"},{{F},"plugin_output":"g","table-names":["g1","g2"]}"#,
            "",
            r#"{"plugin_name":"Console","plugin_input":"f,g"}"#,
            "sink[0].Console.plugin_input: only inputs of one table each can be united; one of them has 2: g1, g2",
        ),
    ];
    for (source, transform, sink, problems) in cases {
        assert_eq!(refusal(&text(source, transform, sink)), *problems);
    }
}

#[test]
fn ids_that_mean_nothing_are_warned_about_in_a_simple_graph() {
    let source = r#"{{F},"plugin_output":"orders"}"#;
    let sink = r#"{"plugin_name":"Console","plugin_input":["order"]}"#;
    let expected = "sink[0].Console.plugin_input: \"order\" is the id of nothing; rows are taken from the job's \
                    source (did you mean \"orders\"?)";
    assert_eq!(warnings(&text(source, "", sink)), [expected]);

    let transform = r#"{"plugin_name":"Copy","plugin_input":"orders","plugin_output":"t"}"#;
    let sink = r#"{"plugin_name":"Console","plugin_input":"orders"}"#;
    let expected = "transform[0].Copy: takes rows that no sink reads; it is left out";
    assert_eq!(warnings(&text(source, transform, sink)), [expected]);
}

#[test]
fn a_union_in_a_transform_is_one_node_and_counts_under_its_first_table() {
    let plan = plan(&text(
        r#"{{F},"plugin_output":"f"},{{F},"plugin_output":"g","parallelism":3}"#,
        r#"{"plugin_name":"Copy","plugin_input":["f","g"],"plugin_output":"t","fields":{"b":"a"}}"#,
        r#"{"plugin_name":"Console","plugin_input":"t"}"#,
    ));
    let [transform] = plan.transforms.as_slice() else { panic!("one transform") };
    let tables: Vec<String> = transform.tables.iter().map(|(table, _)| table.path.to_string()).collect();
    assert_eq!(tables, ["f", "g"]);
    assert!(plan.sources.iter().all(|source| source.outputs == [Output::Transform(0)]));
    assert_eq!(plan.sinks[0].count_as.as_deref(), Some("f"));
    assert_eq!(plan.sinks[0].tables.len(), 2);
    assert_eq!(
        dag_text(&plan),
        "1 Source pipeline-1 [Source[0]-FakeSource] p=1 (f)\n\
         2 Transform pipeline-1 [TransformChain[Transform[0]-Copy]] p=1 ()\n\
         3 Sink pipeline-1 [Sink[0]-Console-MultiTableSink] p=1 (f)\n\
         4 Source pipeline-2 [Source[1]-FakeSource] p=3 (g)\n\
         5 Transform pipeline-2 [TransformChain[Transform[0]-Copy]] p=1 ()\n\
         6 Sink pipeline-2 [Sink[0]-Console-MultiTableSink] p=1 (f)\n\
         1: 1 -> 2\n1: 2 -> 3\n2: 4 -> 5\n2: 5 -> 6"
    );
    assert_eq!(plan.slots, 4);
}
