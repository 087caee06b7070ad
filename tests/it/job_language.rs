//! Properties of the job language that hold for any text: what is printed reads back the same, nothing panics, and
//! nothing that is nested deeply or refers in circles overflows a stack.

use indexmap::IndexMap;
use proptest::prelude::*;
use seikan::model::{Problem, TextFormat};
use seikan::options::{Tree, masked};
use seikan::spec::{
    Environment, JsonMode, MAX_DEPTH, Resolve, Shade, Source, job_spec, parse_json, parse_tree_in,
};
use std::collections::HashMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn load_in(dir: &Path, text: &[u8], variables: &[(&str, &str)]) -> Result<Tree, Vec<Problem>> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let how = Resolve::CommandLine { variables, dir: dir.to_owned() };
    let environment = Environment::of(HashMap::new(), dir.to_owned());
    parse_tree_in(&Source { text, format: TextFormat::Hocon, name: "" }, &how, &environment)
}

fn load(text: &str) -> Result<Tree, String> {
    load_in(&PathBuf::new(), text.as_bytes(), &[]).map_err(|problems| problems[0].to_string())
}

fn rest(text: &[u8], format: TextFormat, variables: &[(&str, &str)]) -> Result<Tree, String> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let how = Resolve::Rest { variables, env_allow: vec!["SEEN".to_owned()] };
    let environment =
        HashMap::from([("SEEN", "1"), ("HIDDEN", "2")].map(|(k, v)| (k.to_owned(), v.to_owned())));
    parse_tree_in(&Source { text, format, name: "" }, &how, &Environment::of(environment, PathBuf::new()))
        .map_err(|problems| problems.iter().map(|problem| format!("{problem}\n")).collect())
}

fn json(text: &str) -> Tree {
    parse_json(text.as_bytes(), JsonMode::Strict, "").unwrap()
}

/// Trees without `${` in texts and with keys that are no plug-in lists.
fn trees() -> impl Strategy<Value = Tree> {
    let text = || prop_oneof!["[a-z .>\\-]{0,6}", any::<String>()].prop_map(|text| text.replace("${", "$"));
    let leaf = prop_oneof![
        Just(Tree::Null),
        any::<bool>().prop_map(Tree::Bool),
        any::<i64>().prop_map(Tree::Int),
        any::<f64>().prop_filter("JSON has no such number", |n| n.is_finite()).prop_map(Tree::Double),
        text().prop_map(Tree::Text),
    ];
    let tree = leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Tree::List),
            prop::collection::vec((text(), inner), 0..6)
                .prop_map(|fields| Tree::Map(fields.into_iter().collect::<IndexMap<_, _>>())),
        ]
    });
    tree.prop_map(|tree| Tree::Map([("root".to_owned(), tree)].into_iter().collect()))
}

/// Texts that are near the grammar: its own pieces in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        "=",
        ":",
        "+=",
        "\n",
        " ",
        "a",
        "b.c",
        "a->b",
        "->",
        "\"q\"",
        "\"\"\"t\"\"\"",
        "\"",
        "\\",
        "${a}",
        "${?b}",
        "${",
        "}",
        "1",
        "-",
        "1.5e3",
        "true",
        "null",
        "# c\n",
        "//",
        "include \"f\"",
        "source",
        "sink {",
        "é",
        "\u{feff}",
        "env",
        "${a->b}",
        "[1]",
        "{a=1}",
        "${x:d}",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_is_printed_reads_back_the_same(tree in trees()) {
        let text = serde_json::to_string(&tree).unwrap();
        for mode in [JsonMode::File, JsonMode::Body, JsonMode::Strict] {
            let read = parse_json(text.as_bytes(), mode, "").unwrap();
            prop_assert_eq!(&read, &tree);
            prop_assert_eq!(serde_json::to_string(&read).unwrap(), text.clone());
        }
        // JSON is HOCON, too
        prop_assert_eq!(load(&text).unwrap(), tree);
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        drop(load(&text));
        drop(parse_json(text.as_bytes(), JsonMode::Body, ""));
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(load_in(&PathBuf::new(), &bytes, &[("a", "b")]));
        drop(rest(&bytes, TextFormat::Hocon, &[]));
        drop(rest(&bytes, TextFormat::Json, &[("a", "b")]));
    }

    #[test]
    fn no_pieces_panic(text in pieces()) {
        if let Ok(tree) = load_in(&PathBuf::new(), text.as_bytes(), &[("x", "[v,w]"), ("a", "${x}")]) {
            let shade = Shade::default();
            drop((job_spec(&tree, &shade), shade.encrypt(&tree), shade.decrypt(&tree), masked(&tree)));
        }
        drop(rest(text.as_bytes(), TextFormat::Json, &[]));
    }
}

/// Texts of `depth` values within each other.
fn nested(depth: usize) -> Vec<String> {
    vec![
        format!("a = {}{}", "[".repeat(depth), "]".repeat(depth)),
        format!("{}x = 1{}", "a { ".repeat(depth), " }".repeat(depth)),
        format!("{}a = 1", "a->".repeat(depth)),
        format!("a = {}1{}", "[{ a = ".repeat(depth / 2), " }]".repeat(depth / 2)),
        format!("source {{ A {{ {}x = 1{} }} }}", "a { ".repeat(depth), " }".repeat(depth)),
        format!("a = {}", "[".repeat(depth)),
        format!("a = {}", "${".repeat(depth)),
        format!("a = \"{}\"", "${a:".repeat(depth)),
        format!("a = {}1{}", "{ b = ${?c} { b = ".repeat(depth / 2), "} }".repeat(depth / 2)),
        format!("a = {}1{}", "${?u} { a = ".repeat(depth), " }".repeat(depth)),
        format!("a = {}${{?u}}{}", "${?u} [".repeat(depth), "]".repeat(depth)),
    ]
}

#[test]
fn deep_texts_are_read_or_refused() {
    for text in nested(200) {
        if let Ok(tree) = load(&text) {
            assert_eq!(tree.clone(), tree);
            assert_eq!(json(&serde_json::to_string(&tree).unwrap()), tree, "what is stored reads back");
        }
    }
    for text in &nested(200)[..5] {
        load(text).unwrap();
    }
    for text in nested(250) {
        drop(load(&text));
    }
    for depth in [1_000, 10_000, 100_000] {
        for text in &nested(depth)[..5] {
            let error = load(text).unwrap_err();
            assert!(error.contains(&format!("more than {MAX_DEPTH} deep")), "{error}");
        }
        for text in nested(depth) {
            drop(load(&text));
            drop(parse_json(text.as_bytes(), JsonMode::Strict, ""));
        }
    }
    let text = "[".repeat(10_000);
    assert!(parse_json(format!("{{\"a\":{text}").as_bytes(), JsonMode::Body, "").is_err());
}

#[test]
fn references_that_lead_far_or_in_circles() {
    let chain = |count: usize, line: &dyn Fn(usize) -> String| -> String {
        (0..count).fold(String::new(), |mut text, index| {
            writeln!(text, "{}", line(index)).unwrap();
            text
        })
    };
    let forward = chain(1_000, &|n| match n {
        0 => "a0 = v".to_owned(),
        n => format!("a{n} = ${{a{}}}", n - 1),
    });
    assert_eq!(load(&forward).unwrap().as_map().unwrap()["a999"], Tree::text("v"));
    let backward =
        |count: usize| chain(count, &|n| format!("a{n} = ${{a{}}}", n + 1)) + &format!("a{count} = v");
    assert_eq!(load(&backward(60)).unwrap().as_map().unwrap()["a0"], Tree::text("v"));
    let error = load(&backward(10_000)).unwrap_err();
    assert!(error.starts_with("line ") && error.contains("limit"), "{error}");

    let growing = chain(10_000, &|n| match n {
        0 => "a0 = {}".to_owned(),
        n => format!("a{n} = {{ x = ${{a{}}} }}", n - 1),
    });
    let error = load(&growing).unwrap_err();
    assert!(error.contains(&format!("more than {MAX_DEPTH} deep")), "{error}");
    let multiplying = chain(60, &|n| match n {
        0 => "a0 = [1, 2]".to_owned(),
        n => format!("a{n} = ${{a{0}}} ${{a{0}}}", n - 1),
    });
    let error = load(&multiplying).unwrap_err();
    assert!(error.contains("multiply"), "{error}");

    for text in [
        "a = ${a}",
        "a = ${b}, b = ${a}",
        "a = ${a}x",
        "a { b = ${a} }",
        "a = [${a}]",
        "a = ${b->c}, b { c = ${a} }",
        "a = ${b}, a { c = ${a} }, b { }",
    ] {
        let error = load(text).unwrap_err();
        assert!(error.contains("refers to itself"), "{text}: {error}");
    }
    let appends = chain(5_000, &|n| format!("a += {n}"));
    assert_eq!(load(&appends).unwrap().as_map().unwrap()["a"].as_list().unwrap().len(), 5_000);
}

#[test]
fn references_beyond_the_observed_ones() {
    for (text, wanted) in [
        ("a = ${?a}x", r#"{"a":"x"}"#),
        ("a = 1, a = ${?b}", r#"{"a":1}"#),
        ("b = {}, a = ${b}, a { p = 1, q = ${a->p} }, c = ${a->q}", r#"{"b":{},"a":{"p":1,"q":1},"c":1}"#),
        (
            "b { k { x = 1 } }, a = ${b}, a { k { y = ${a->k->x} } }",
            r#"{"b":{"k":{"x":1}},"a":{"k":{"x":1,"y":1}}}"#,
        ),
        ("a = ${b}, a { p = ${c}, q = 1 }, c = ${a->q}, b {}", r#"{"a":{"p":1,"q":1},"c":1,"b":{}}"#),
        ("a = [1], a = ${a} [2], a = ${a} [3], a += 4", r#"{"a":[1,2,3,4]}"#),
        ("a = ${?x} [1]", r#"{"a":[1]}"#),
        ("a = [${?x}, 1]", r#"{"a":[1]}"#),
        ("a += ${?x}", r#"{"a":[]}"#),
        ("a = { 1 = b, 0 = a } [c]", r#"{"a":["a","b","c"]}"#),
        ("b = [1], c = [2], a = ${b} ${c}", r#"{"b":[1],"c":[2],"a":[1,2]}"#),
        ("a = 1.50, b = v${a}, c = ${a}", r#"{"a":1.5,"b":"v1.50","c":1.5}"#),
        ("a = ${nope}, a = 1", r#"{"a":1}"#),
    ] {
        assert_eq!(load(text), Ok(json(wanted)), "{text}");
    }
    let error = load("a = ${x}\nb = [1, ${y}]").unwrap_err();
    assert!(error.starts_with("line 1, column 5: ${x} is not defined"), "{error}");
    let all = load_in(&PathBuf::new(), b"a = ${x}\nb = [1, ${y}]", &[]).unwrap_err();
    assert_eq!(
        all.iter().map(|problem| problem.path.as_str()).collect::<Vec<_>>(),
        ["line 1, column 5", "line 2, column 9"]
    );
}

#[test]
fn included_files() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    let load =
        |text: &str| load_in(dir.path(), text.as_bytes(), &[]).map_err(|problems| problems[0].to_string());
    write("self.conf", "include \"self.conf\"");
    write("broken.conf", "a = 1\nb = }");
    write("both.conf", "a = conf");
    write("both.json", "{\"a\": \"json\", \"b\": 1}");
    write("plugins.conf", "A { }");
    let error = load("include \"self\"").unwrap_err();
    assert!(error.contains("self.conf, line 1") && error.contains("more than 50 deep"), "{error}");
    let error = load("x = 1\ninclude \"broken.conf\"").unwrap_err();
    assert!(error.contains("broken.conf, line 2, column 5: expected a value"), "{error}");
    assert_eq!(load("include \"both\"").unwrap(), json(r#"{"a": "conf", "b": 1}"#));
    assert_eq!(
        load("source { include \"plugins\", B { } }").unwrap(),
        json(r#"{"source": [{"plugin_name": "B"}]}"#)
    );
    for text in ["include url(\"http://h/x\")", "include \"http://h/x\""] {
        let error = load(text).unwrap_err();
        assert!(error.contains("not supported"), "{error}");
    }
    let error = load("\n include required(file(\"none\"))").unwrap_err();
    assert!(error.starts_with("line 2, column 2: the required file"), "{error}");
    for depth in [8, 20] {
        for n in 0..depth {
            write(&format!("d{n}.conf"), &format!("include \"d{0}\"\ninclude \"d{0}\"", n + 1));
        }
        assert_eq!(load("include \"d0\"").is_ok(), depth < 10, "2^{depth} files");
    }
}

#[test]
fn over_rest() {
    let hocon = |text: &str, variables: &[(&str, &str)]| rest(text.as_bytes(), TextFormat::Hocon, variables);
    assert_eq!(hocon("a = ${SEEN}", &[]).unwrap(), json(r#"{"a": "1"}"#));
    assert!(hocon("a = ${HIDDEN}", &[]).unwrap_err().contains("${HIDDEN} is not defined"));
    assert_eq!(
        hocon("a = ${x}, e { b = \"${x:d}\" }", &[("x", "v")]).unwrap(),
        json(r#"{"a": "v", "e": {"b": "v"}}"#)
    );
    assert_eq!(hocon("e { b = \"${x:d}\" }", &[]).unwrap(), json(r#"{"e": {"b": "${x:d}"}}"#));
    assert!(hocon("include \"/etc/passwd\"", &[]).unwrap_err().contains("include is not allowed"));
    assert!(hocon("a = 1", &[("table_name", "x"), ("", "y")]).unwrap_err().lines().count() == 2);
    for format in [TextFormat::Hocon, TextFormat::Json] {
        let tree = rest(b"{\"a\": \"\xff\"}", format, &[]).unwrap();
        assert_eq!(tree, json("{\"a\": \"\u{fffd}\"}"), "as on the command line");
    }
    let body = "# c\n{\"a\": 1, // d\n \"a\": \"${SEEN}\"}";
    assert_eq!(rest(body.as_bytes(), TextFormat::Json, &[]).unwrap(), json(r#"{"a": "${SEEN}"}"#));
}

#[test]
fn errors_name_line_and_column() {
    for (text, wanted) in [
        ("a = 1 b = 2", "line 1, column 9: expected the end of the text, a comma or a new line, found \"=\""),
        ("env {\n  x = a@b\n}", "line 2, column 8: \"@\" is not allowed outside quotes"),
        ("é = \"a\\x\"", "line 1, column 7: a backslash and \"x\" is no escape"),
        ("x = ${y:d}", "line 1, column 8: \":\" is not allowed in ${…}; a default needs quotes"),
        ("x = \"a\n\"", "line 1, column 7: the end of the line is not allowed within quotes"),
        ("x = \"\"\"a", "line 1, column 5: the text in \"\"\" that starts here does not end"),
        ("x = [1] y", "line 1, column 5: a list and a text can't stand side by side"),
        ("source {\n A = 5\n}", "line 2, column 2: source[0].A must be a block A { … }, not a number"),
        ("source { A = ${b} }\nb = 5", "line 1, column 10: source[0].A must be a block"),
        ("a-> = 1", "line 1, column 1: a part of this path is empty"),
        (
            "a",
            "line 1, column 2: expected \"=\", \":\", \"+=\" or \"{\" after the key \"a\", found the end of the text",
        ),
        ("{ a = 1 } b", "line 1, column 11: expected the end of the text, found \"b\""),
    ] {
        let error = load(text).unwrap_err();
        assert!(error.starts_with(wanted), "{text:?}: {error}");
    }
}

/// What is found of a job's text, with the plug-ins that there are.
fn found(text: &str) -> seikan::plan::Findings {
    let minute = std::time::Duration::from_secs(60);
    let defaults = seikan::plan::Defaults {
        checkpoint_interval: minute,
        checkpoint_timeout: minute,
        shade: Shade::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(seikan::plan::examine(&load(text).unwrap(), &seikan::app::registry(), &defaults))
}

#[test]
fn every_type_of_a_schema() {
    for (kind, wanted) in [
        ("string", "STRING"),
        ("Boolean", "BOOLEAN"),
        ("tinyint", "TINYINT"),
        ("byte", "TINYINT"),
        ("smallint", "SMALLINT"),
        ("short", "SMALLINT"),
        ("int", "INT"),
        ("bigint", "BIGINT"),
        ("long", "BIGINT"),
        ("float", "FLOAT"),
        ("double", "DOUBLE"),
        ("\"decimal(38, 18)\"", "Decimal(38, 18)"),
        ("\"null\"", "NULL"),
        ("bytes", "BYTES"),
        ("date", "DATE"),
        ("time", "TIME"),
        ("timestamp", "TIMESTAMP"),
        ("timestamp_tz", "TIMESTAMP_TZ"),
        ("array<int>", "ARRAY<INT>"),
        ("\"map<string, array<double>>\"", "Map<STRING, ARRAY<DOUBLE>>"),
        ("\"map<decimal(5, 2), map<int, string>>\"", "Map<Decimal(5, 2), Map<INT, STRING>>"),
        ("{ a = int, b { c = \"map<string, int>\" } }", "ROW<a INT,b ROW<c Map<STRING, INT>>>"),
        ("\"{a: int, b: array<string>}\"", "ROW<a INT,b ARRAY<STRING>>"),
        ("float_vector", "FLOAT_VECTOR"),
        ("sparse_float_vector", "SPARSE_FLOAT_VECTOR"),
    ] {
        let findings = found(&format!(
            "source {{ FakeSource {{ schema {{ fields {{ x = {kind} }} }} }} }}\nsink {{ Console {{ }} }}"
        ));
        let plan = findings.plan.unwrap_or_else(|| panic!("{kind}: {:?}", findings.errors));
        let edges = plan.edges();
        let [edge] = edges.as_slice() else { panic!("one edge") };
        assert_eq!(edge.tables[0].columns[0].data_type.to_string(), wanted, "{kind}");
    }
    for kind in [
        "integer",
        "varchar",
        "row",
        "decimal",
        "\"decimal(10)\"",
        "array<date>",
        "\"array<decimal(5, 2)>\"",
        "\"map<array<int>, int>\"",
        "\"int[]\"",
        "5",
        "[int]",
    ] {
        let findings = found(&format!(
            "source {{ FakeSource {{ schema {{ fields {{ x = {kind} }} }} }} }}\nsink {{ Console {{ }} }}"
        ));
        assert!(findings.plan.is_none(), "{kind}");
        assert!(
            findings.errors.iter().all(|p| p.path == "source[0].FakeSource.schema.fields.x"),
            "{:?}",
            findings.errors
        );
    }
}

#[test]
fn a_graph_of_several_blocks_is_wired_by_ids_strictly() {
    let source = |id: &str, field: &str| {
        format!("FakeSource {{ plugin_output = {id}, schema {{ fields {{ {field} = int }} }} }}\n")
    };
    let two = source("a", "x") + &source("b", "x");
    for (text, wanted) in [
        (
            format!(
                "source {{ FakeSource {{ schema {{ fields {{ x = int }} }} }}\n{} }}\nsink {{ Console {{ plugin_input = a }} }}",
                source("a", "x")
            ),
            "source[0].FakeSource.plugin_output: is required",
        ),
        (
            format!("source {{ {two} }}\nsink {{ Console {{ }} }}"),
            "sink[0].Console.plugin_input: is required",
        ),
        (
            format!(
                "source {{ {}{} }}\nsink {{ Console {{ plugin_input = a }} }}",
                source("a", "x"),
                source("a", "x")
            ),
            "source[1].FakeSource.plugin_output: \"a\" is the id of source[0].FakeSource too",
        ),
        (
            format!("source {{ {two} }}\nsink {{ Console {{ plugin_input = [a, b, c] }} }}"),
            "sink[0].Console.plugin_input: \"c\" is the id of no source or transform",
        ),
        (
            format!("source {{ {two} }}\nsink {{ Console {{ plugin_input = a }} }}"),
            "source[1].FakeSource.plugin_output: \"b\" is taken by no transform and no sink",
        ),
        (
            format!(
                "source {{ {two} }}\ntransform {{ Copy {{ plugin_input = a, fields {{ y = x }} }} }}\nsink {{ Console {{ plugin_input = [a, b] }} }}"
            ),
            "transform[0].Copy.plugin_output: is required",
        ),
        (
            format!(
                "source {{ {} {} }}\nsink {{ Console {{ source_table_name = [a, b] }} }}",
                source("a", "x"),
                source("b", "z")
            ),
            "sink[0].Console.source_table_name: only inputs with the same columns can be united",
        ),
    ] {
        let findings = found(&text);
        let said: Vec<String> = findings.errors.iter().map(ToString::to_string).collect();
        assert!(said.iter().any(|line| line.starts_with(wanted)), "{text}\n{said:#?}");
    }
    // A transform may take from one that stands behind it; an id may be taken more than once.
    let text = format!(
        "source {{ {} }}\ntransform {{ Copy {{ plugin_input = c1, plugin_output = c2, fields {{ z = y }} }}\n Copy {{ plugin_input = a, plugin_output = c1, fields {{ y = x }} }} }}\nsink {{ Console {{ plugin_input = c2 }}\n Console {{ source_table_name = c1 }} }}",
        source("a", "x")
    );
    let findings = found(&text);
    let plan = findings.plan.unwrap_or_else(|| panic!("{:?}", findings.errors));
    assert_eq!(plan.edges().len(), 4);
}

#[test]
fn what_transforms_do_unasked_is_a_warning_at_its_option() {
    let findings = found(
        "source { FakeSource { plugin_output = f, schema { fields { s = string, n = int } } } }\n\
         transform { Split { plugin_input = f, plugin_output = g, separator = \",\", split_field = s,\n\
         output_fields = [a, n] }\nFieldRename { plugin_input = g, plugin_output = h,\n\
         replacements_with_regex = [{ replace_from = \"(a)\", replace_to = \"$1_x\" }] } }\n\
         sink { Console { plugin_input = h } }",
    );
    assert!(findings.plan.is_some(), "{:?}", findings.errors);
    let warnings: Vec<String> = findings.warnings.iter().map(ToString::to_string).collect();
    for wanted in [
        "transform[0].Split.output_fields: \"n\" takes the place of the column \"n\" (INT) of table ",
        "transform[1].FieldRename.replacements_with_regex[0].replace_to: \"$1_x\" stands in the new names as it is",
    ] {
        assert!(warnings.iter().any(|w| w.starts_with(wanted)), "{wanted}: {warnings:?}");
    }
}
