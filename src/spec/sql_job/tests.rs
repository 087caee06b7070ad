use super::*;
use crate::model::TextFormat;
use crate::options::Tree;
use crate::spec::{JsonMode, Resolve, Source, locate, parse_json, parse_tree};

const TABLES: &str = "CREATE TABLE src WITH ('connector'='FakeSource', 'type'='source', 'row.num' = '5');\n\
                      CREATE TABLE out WITH ('connector'='Console', 'type'='sink');\n";

fn load_with(text: &str, variables: &[(&str, &str)]) -> Result<Tree, String> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let how = Resolve::CommandLine { variables, dir: ".".into() };
    parse_tree(&Source { text: text.as_bytes(), format: TextFormat::Sql, name: "" }, &how)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

fn load(text: &str) -> Result<Tree, String> {
    load_with(text, &[])
}

fn json(text: &str) -> Tree {
    parse_json(text.as_bytes(), JsonMode::Strict, "").unwrap()
}

#[test]
fn statements_become_blocks() {
    let sources = r#"[{"plugin_name": "FakeSource", "row.num": "5", "plugin_output": "src"}]"#;
    let sink = |input: &str| format!(r#"{{"plugin_name": "Console", "plugin_input": "{input}"}}"#);
    let sql = |input: &str, output: &str, query: &str| {
        format!(
            r#"{{"plugin_name": "sql", "query": "{query}", "plugin_input": "{input}", "plugin_output": "{output}"}}"#
        )
    };
    for (rest, transforms, sinks) in [
        ("INSERT INTO out SELECT src;", vec![], vec![sink("src")]),
        (
            "insert into out select a, b from src;",
            vec![sql("src", "src__temp1", "select a, b from src")],
            vec![sink("src__temp1")],
        ),
        (
            "INSERT INTO out SELECT * FROM t2;\nCREATE TABLE t2 AS SELECT\n a -- first\n FROM src;",
            vec![],
            vec![],
        ),
        (
            "CREATE TABLE t2 AS SELECT\n a -- first\n FROM src\n where b = ' -- ' ;\nINSERT INTO out SELECT t2; INSERT INTO out SELECT 1 x FROM src;",
            vec![
                sql("src", "t2", "SELECT a FROM src where b = ' -- '"),
                sql("src", "src__temp1", "SELECT 1 x FROM src"),
            ],
            vec![sink("t2"), sink("src__temp1")],
        ),
        (
            "INSERT INTO `out` SELECT \\\"x\\\", trim(both from a), a IS DISTINCT FROM b FROM db.src s;",
            vec![sql(
                "src",
                "src__temp1",
                "SELECT \\\\\\\"x\\\\\\\", trim(both from a), a IS DISTINCT FROM b FROM db.src s",
            )],
            vec![sink("src__temp1")],
        ),
    ] {
        let text = format!("{TABLES}{rest}");
        if sinks.is_empty() {
            assert!(
                load(&text).unwrap_err().contains("The source table[t2] is not found"),
                "used before it is made"
            );
            continue;
        }
        let wanted = format!(
            r#"{{"source": {sources}, "transform": [{}], "sink": [{}]}}"#,
            transforms.join(","),
            sinks.join(",")
        );
        assert_eq!(load(&text).unwrap(), json(&wanted), "{rest}");
    }
}

#[test]
fn values() {
    for (options, wanted) in [
        ("'a' = '1'", r#"{"a": "1"}"#),
        ("'a'='it''s', 'b.c' = 'x=y, ''z'''", r#"{"a": "it's", "b.c": "x=y, 'z'"}"#),
        (r"'d' = '\n', 'e' = 'a\\b', 'f' = 'say ''\u0041'''", r#"{"d": "\n", "e": "a\\b", "f": "say 'A'"}"#),
        ("'q' = 'a \"b\" c'", r#"{"q": "a \"b\" c"}"#),
        (
            "'h' = '{ a = 1, b = [x, y] }', 'l' = '[1, \"2\"]'",
            r#"{"h": {"a": 1, "b": ["x", "y"]}, "l": [1, "2"]}"#,
        ),
        ("'h' = '{\n a = ''q'', -- why\n-- this\n b { c = 1 }\n }'", r#"{"h": {"a": "'q'", "b": {"c": 1}}}"#),
        ("'a->b' = '1', 'a->c' = '2'", r#"{"a": {"b": "1", "c": "2"}}"#),
        ("'a b' = '1'", r#"{"a b": "1"}"#),
        ("'v' = '${x}', 'w' = '${y:dflt}'", r#"{"v": "val", "w": "dflt"}"#),
        ("'TYPE' = 'SOURCE', 'result_table_name' = 'other', 'plugin_output' = 'other'", "{}"),
    ] {
        let text = format!(
            "CREATE TABLE s (id int, name string) WITH ('connector' = 'C', 'type' = 'source', {options},);\n\
             CREATE TABLE o WITH ('connector'='Console', 'type'='sink', 'source_table_name' = 'x');\nINSERT INTO o SELECT s;"
        );
        let tree = load_with(&text, &[("x", "val")]).unwrap();
        let block = tree.as_map().unwrap()["source"].as_list().unwrap()[0].as_map().unwrap();
        let mut wanted = json(wanted).as_map().unwrap().clone();
        wanted.insert("plugin_name".into(), Tree::text("C"));
        wanted.insert("plugin_output".into(), Tree::text("s"));
        assert_eq!(Tree::Map(block.clone()), Tree::Map(wanted), "{options}");
    }
}

#[test]
fn comments_and_config() {
    let text = format!(
        "\u{feff}/*\n * a licence;\n */\n/* one line */\n-- another\n/* config\nenv {{\n -- dropped\n parallelism = 2 # of HOCON\n}}\n*/\n\
         {TABLES}/* config\nenv {{ job.name = \"x\" }}\n*/\n/* a */ INSERT INTO out SELECT src; -- done"
    );
    let tree = load(&text).unwrap();
    assert_eq!(tree.as_map().unwrap()["env"], json(r#"{"parallelism": 2, "job.name": "x"}"#));
}

/// Line and column of a byte.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..offset];
    (before.matches('\n').count() + 1, before.rsplit('\n').next().unwrap_or_default().chars().count() + 1)
}

#[test]
fn errors_name_line_and_column() {
    const INSERT: &str = "INSERT INTO out SELECT src;";
    let tables = |rest: &str| format!("{TABLES}{rest}");
    let value = |value: &str| {
        format!(
            "{TABLES}CREATE TABLE y WITH ('connector'='A', 'type'='source',\n 'h' = '{value}');\n{INSERT}"
        )
    };
    // « is where the problem is.
    for (text, wanted) in [
        ("«".to_owned(), "The SQL config must contain at least one source table"),
        (
            format!("{}«\n", TABLES.trim_end()),
            "The SQL config must contain `INSERT INTO ... SELECT ...` syntax",
        ),
        (
            tables(&format!("CREATE TABLE «src WITH ('connector'='A','type'='source');{INSERT}")),
            "Table name duplicate: src",
        ),
        (tables("CREATE TABLE «src AS SELECT * FROM src;"), "Table name duplicate: src"),
        (tables("\n  INSERT INTO out «(a, b) SELECT src;"), "Insert sql must not have columns"),
        (tables("INSERT INTO out «VALUES (1);"), "Insert sql must have select statement"),
        (
            tables("INSERT INTO out SELECT *\nFROM «sr;"),
            "The source table[sr] is not found; did you mean \"src\"?",
        ),
        (tables("INSERT INTO «aut SELECT src;"), "The sink table[aut] is not found; did you mean \"out\"?"),
        (tables("INSERT INTO out SELECT «out;"), "The source table[out] is not found"),
        (
            tables("INSERT INTO out «SELECT a, b;"),
            "Source table must be specified in SQL: INSERT INTO out SELECT a, b",
        ),
        (tables("«DROP TABLE out;"), "Unsupported SQL syntax: DROP TABLE out"),
        (tables("CREATE TABLE x «LIKE out;"), "Unsupported SQL syntax: CREATE TABLE x LIKE out"),
        (tables("INSERT INTO out SELECT * FROM «(SELECT 1);"), "Unsupported syntax: a query within a query"),
        (
            tables("«INSERT INTO out SELECT src"),
            "the statement that starts here does not end: \";\" is missing",
        ),
        ("«/* config\nenv { }\n".into(), "the block /* config that starts here does not end"),
        ("-- x\n «/* x\n".into(), "the comment that starts here does not end"),
        ("CREATE TABLE x WITH ('a' = «'b;\n);".into(), "the text in ' that starts here does not end"),
        ("CREATE TABLE x WITH ('a' «'b');".into(), "expected \"=\" here, found 'b'"),
        ("CREATE TABLE x WITH ('a' = «b);".into(), "expected a value in ' here, found b"),
        ("«CREATE TABLE x WITH ('a' = 'b'".into(), "the statement that starts here does not end"),
        (
            "CREATE TABLE x WITH ('connector' = 'A', 'type' = '«table');".into(),
            "type: \"table\" is not allowed here; allowed: source, sink",
        ),
        ("CREATE TABLE «x WITH ('connector' = 'A');".into(), "table x: 'type' is missing"),
        (
            "CREATE TABLE «x WITH ('type' = 'sink', 'connector' = ' ');".into(),
            "The connector of option is none",
        ),
        (
            value("{ a = ''x'',\n  b = 1\n  c «= 2 }"),
            "expected \"}\", a comma or a new line, found \"=\" (the lines of a statement are joined, so items of a value need commas)",
        ),
        (value("it''s «\\d"), "a backslash and \"d\" is no escape"),
        (
            format!("/* config\nenv {{\n  x = a«@b\n}}\n*/\n{TABLES}{INSERT}"),
            "\"@\" is not allowed outside quotes",
        ),
    ] {
        let at = text.find('«').unwrap();
        let plain = text.replace('«', "");
        let error = load(&plain).unwrap_err();
        let (line, column) = place(&plain, at);
        let wanted = format!("line {line}, column {column}: {wanted}");
        assert!(error.starts_with(&wanted), "{text}\n  wanted {wanted}\n  given  {error}");
    }
}

#[test]
fn options_have_places() {
    let text = format!(
        "/* config\nenv {{\n  job.mode = X\n}}\n*/\n{TABLES}\nCREATE TABLE o2 WITH ('connector'='Console', 'type'='sink',\n \
         'schema' = '{{ deep = ''b'',\n   fields {{ inner = y }} }}');\nINSERT INTO o2 SELECT\n * FROM src;"
    );
    let source = Source { text: text.as_bytes(), format: TextFormat::Sql, name: "" };
    let how = Resolve::Rest { variables: Vec::new(), env_allow: Vec::new() };
    for (path, at) in [
        ("env.job.mode", text.find("job.mode")),
        ("source[0].FakeSource.row.num", text.find("row.num")),
        ("source[0].FakeSource.nothing", text.find("src")),
        ("source[0].FakeSource.plugin_output", text.find("src")),
        ("sink[0].Console.schema.fields.inner", text.find("inner")),
        ("sink[0].Console.schema.deep", text.find("deep")),
        ("transform[0].sql.query", text.find("SELECT\n")),
        ("nothing", None),
    ] {
        let mut problems = vec![Problem::new(path, "x")];
        locate(&source, &how, &mut problems);
        let found = problems[0].place.as_ref().map(|place| (place.line, place.column));
        assert_eq!(found, at.map(|at| place(&text, at)), "{path}");
    }
}
