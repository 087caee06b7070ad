//! Every parser of what users send, fed with broken texts for a few seconds: no panic, no hang, no stack overflow.
//!
//! A parser is a line of [`PARSERS`]. Each runs on a thread with the stack of the server's own (2 MiB) for
//! `SEIKAN_FUZZ_SECONDS` (3). The text that is being read stands in a file, which stays when the process dies.

use base64::Engine;
use rand::prelude::*;
use rand::rngs::SmallRng;
use seikan::model::{Problem, Problems, TextFormat};
use seikan::options::{Map, Options, Tree, masked};
use seikan::plugin::Registry;
use seikan::spec::{
    Environment, JsonMode, Resolve, Shade, Source, job_spec, locate, parse_json, parse_tree_in,
};
use seikan::table::{CatalogTable, Column, DataType, TablePath};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

const SQL_OBSERVED: &str = include_str!("../data/sql-observed.jsonl");

/// Reads one text to its end. Panics when what comes out is not sound.
type Read = fn(&[u8]);

/// A parser: its name, sound texts to start from, words of its grammar, and how a text is read.
struct Parser {
    name: &'static str,
    seeds: fn() -> Vec<Vec<u8>>,
    words: &'static [&'static str],
    read: Read,
}

const PARSERS: &[Parser] = &[
    Parser {
        name: "hocon",
        seeds: || observed(false),
        words: HOCON_WORDS,
        read: |text| job_text(text, TextFormat::Hocon),
    },
    Parser {
        name: "json",
        seeds: || observed(true),
        words: &[
            "{", "}", "[", "]", ",", ":", "\"", "\\u12", "1e999", "-", "null", "# c\n", "//", "\"\"\"",
            "true",
        ],
        read: json,
    },
    Parser {
        name: "sql_job",
        seeds: sql_jobs,
        words: SQL_WORDS,
        read: |text| job_text(text, TextFormat::Sql),
    },
    Parser { name: "sql_query", seeds: queries, words: QUERY_WORDS, read: query },
    Parser {
        name: "type",
        seeds: || TYPES.iter().map(|text| text.as_bytes().to_vec()).collect(),
        words: &[
            "array<", "map<", ">", ",", "decimal(", ")", "{", "}", "=", ":", "int", "row", "\"", "string",
        ],
        read: |text| drop(DataType::parse(&String::from_utf8_lossy(text))),
    },
];

const HOCON_WORDS: &[&str] = &[
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
    "->",
    "\"",
    "\"\"\"",
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
    "source {",
    "sink {",
    "é",
    "\u{feff}",
    "env",
    "${a->b}",
    "${x:d}",
    "a { ",
    "[[",
];

const SQL_WORDS: &[&str] = &[
    "CREATE TABLE ",
    "INSERT INTO ",
    "SELECT ",
    " FROM ",
    " WITH (",
    ")",
    ";",
    "\n",
    "'",
    "''",
    "\"",
    "`",
    "--",
    " -- ",
    "/* config\n",
    "\n*/\n",
    "/*",
    "*/",
    "'type' = 'source'",
    "'connector' = 'A'",
    ",",
    "=",
    "{",
    "}",
    "[",
    "]",
    "\\",
    "${x}",
    ".",
    "AS ",
    "a",
    "DISTINCT",
    "IS ",
    "é",
    "(",
];

const QUERY_WORDS: &[&str] = &[
    "select ",
    " from fake",
    " where ",
    " and ",
    " or ",
    "not ",
    " is null",
    " as ",
    "(",
    ")",
    ",",
    "'",
    "''",
    "\"",
    "`",
    "*",
    "+",
    "-",
    "/",
    "%",
    "||",
    "=",
    "<>",
    "::",
    ".",
    ";",
    "--",
    "/*",
    "*/",
    "\n",
    "case when ",
    " then ",
    " else ",
    " end",
    " in (",
    " between ",
    " like '%'",
    " escape '!'",
    "cast(",
    " as decimal(10, 2))",
    "null",
    "true",
    "1",
    "9223372036854775808",
    "1e999",
    "x'41'",
    "date '2021-01-01'",
    "interval '1' day",
    "[1]",
    "é",
    "name",
    "i",
    "lateral view outer explode(",
    "trim(both ",
    "extract(year from ",
    " at time zone 'UTC'",
    "array[",
    "ceil(",
    "position('a' in ",
    "concat(",
    "if(",
    "over (",
    "distinct ",
    "group by ",
    "exists (",
];

const TYPES: &[&str] = &[
    "int",
    "decimal(10, 2)",
    "array<int>",
    "map<string, array<int>>",
    "map<decimal(5, 2), {a = int, b = \"map<string, int>\"}>",
    "{a: int, b: {c = string}}",
    "float_vector",
];

fn observed(json: bool) -> Vec<Vec<u8>> {
    let lines = include_str!("../data/hocon-observed.jsonl").lines().skip(1);
    let texts = lines.filter_map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        if (line["syntax"] == "json") != json {
            return None;
        }
        match (line["text"].as_str(), line["base64"].as_str()) {
            (Some(text), _) => Some(text.as_bytes().to_vec()),
            (None, Some(text)) => base64::prelude::BASE64_STANDARD.decode(text).ok(),
            (None, None) => None,
        }
    });
    texts.filter(|text| text.len() < 10_000).collect()
}

fn sql_jobs() -> Vec<Vec<u8>> {
    let tables = "/* config\nenv {\n  parallelism = 1 # c\n}\n*/\n\
         CREATE TABLE fake WITH (\n 'connector'='FakeSource', 'type'='source', -- c\n\
          'schema' = '{ fields { a = \"map<string, int>\", b = ''x'' } }',\n 'row.num' = '5', 'l' = '[1, 2]');\n\
         CREATE TABLE out (a int) WITH ('connector'='Console', 'type' = 'sink', 'v' = '${x:d} \\n \"q\"');\n";
    [
        "INSERT INTO out SELECT fake;",
        "INSERT INTO out SELECT a, b FROM fake;",
        "/* c */\nCREATE TABLE t2 AS SELECT count(a) AS c, ';' FROM `fake` WHERE a IS DISTINCT FROM b; INSERT INTO out SELECT t2;",
        "INSERT INTO out (a) SELECT 1;",
    ]
    .iter()
    .map(|rest| [tables, rest].concat().into_bytes())
    .collect()
}

fn queries() -> Vec<Vec<u8>> {
    let observed = SQL_OBSERVED.lines().skip(1).map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        format!("select {} as e from fake", line["expr"].as_str().unwrap())
    });
    let others = [
        "SELECT *, i AS `n`, case i when 1 then 'a' else name end FROM fake WHERE i > 1 AND (b OR name LIKE 'a!%' ESCAPE '!')",
        "select name, e from fake lateral view outer explode(split(csv, ',')) as e where e in ('a', 'b') or e is null",
        "select TRIM(BOTH ' ' FROM pad) as p, substring(name from 2 for 3) as q, arr[1], mp['a'] from fake;",
    ];
    observed.chain(others.map(String::from)).map(String::into_bytes).collect()
}

/// A query: one that is read is compiled for a table too, with what its literals give.
fn query(text: &[u8]) {
    static TABLE: LazyLock<CatalogTable> = LazyLock::new(|| {
        let first: serde_json::Value = serde_json::from_str(SQL_OBSERVED.lines().next().unwrap()).unwrap();
        let column = |column: &serde_json::Value| {
            let data_type = column[1].as_str().unwrap().trim_matches('"');
            Column::new(column[0].as_str().unwrap(), DataType::parse(data_type).unwrap())
        };
        let columns = first["columns"].as_array().unwrap().iter().map(column).collect();
        CatalogTable::new("Test", TablePath::parse("fake", false).unwrap(), columns)
    });
    static REGISTRY: LazyLock<Registry> = LazyLock::new(seikan::app::registry);
    let sql = REGISTRY.transforms.iter().find(|factory| factory.name() == "Sql").unwrap();
    let map = Map::from_iter([("query".to_owned(), Tree::text(String::from_utf8_lossy(text)))]);
    let problems = Problems::default();
    match sql.build(&Options::new(&map, "transform[0]", &problems)) {
        Some(transform) => {
            if let Err(messages) = transform.schema(&TABLE) {
                assert!(
                    !messages.is_empty() && messages.iter().all(|message| message.len() > "query: ".len())
                );
            }
        }
        None => assert!(problems.error_count() > 0),
    }
}

/// A job's text: what is read can be stored, decoded and described; what isn't is refused with a reason.
fn job_text(text: &[u8], format: TextFormat) {
    let how = Resolve::Rest { variables: vec![("x".into(), "[v,w]".into())], env_allow: Vec::new() };
    let source = Source { text, format, name: "" };
    match parse_tree_in(&source, &how, &Environment::of(HashMap::new(), PathBuf::new())) {
        Ok(tree) => {
            reads_back(&tree);
            let shade = Shade::default();
            drop((job_spec(&tree, &shade), shade.encrypt(&tree), shade.decrypt(&tree), masked(&tree)));
            locate(&source, &how, &mut [Problem::new("source[0].A.schema.fields.a", "x")]);
        }
        Err(problems) => refused(&problems),
    }
}

fn json(text: &[u8]) {
    job_text(text, TextFormat::Json);
    for mode in [JsonMode::File, JsonMode::Body, JsonMode::Strict] {
        match parse_json(text, mode, "") {
            Ok(tree) => reads_back(&tree),
            Err(problems) => refused(&problems),
        }
    }
}

fn reads_back(tree: &Tree) {
    let stored = serde_json::to_string(tree).unwrap();
    if let Tree::Map(_) = tree {
        assert_eq!(&parse_json(stored.as_bytes(), JsonMode::Strict, "").unwrap(), tree, "{stored}");
    }
}

fn refused(problems: &[Problem]) {
    assert!(!problems.is_empty());
    for problem in problems {
        assert!(!problem.message.is_empty() && !problem.to_string().contains('\n'), "{problem:?}");
    }
}

/// Texts made of sound ones, each broken in some ways.
struct Breaker<'p> {
    parser: &'p Parser,
    seeds: Vec<Vec<u8>>,
    random: SmallRng,
}

impl Breaker<'_> {
    fn next(&mut self) -> Vec<u8> {
        let mut text = self.seed();
        for _ in 0..self.random.random_range(1..8) {
            let (from, to) = self.range(&text);
            match self.random.random_range(0..8) {
                0 => drop(text.drain(from..to)),
                1 => {
                    let part = text[from..to].to_vec();
                    text.splice(from..from, part);
                }
                2 | 3 => {
                    let word = self.parser.words[self.random.random_range(0..self.parser.words.len())];
                    text.splice(from..from, word.bytes());
                }
                4 => {
                    let byte = self.random.random();
                    text.splice(from..from, [byte]);
                }
                5 => {
                    let other = self.seed();
                    let (start, end) = self.range(&other);
                    text.splice(from..to, other[start..end].iter().copied());
                }
                6 => {
                    // deep nesting
                    let word = self.parser.words[self.random.random_range(0..self.parser.words.len())];
                    let times = self.random.random_range(1..2_000);
                    text.splice(from..from, word.repeat(times).into_bytes());
                }
                _ => {
                    let random: Vec<u8> =
                        (0..self.random.random_range(0..40)).map(|_| self.random.random()).collect();
                    text.splice(from..to, random);
                }
            }
            text.truncate(64 << 10);
        }
        text
    }

    fn seed(&mut self) -> Vec<u8> {
        self.seeds[self.random.random_range(0..self.seeds.len())].clone()
    }

    fn range(&mut self, text: &[u8]) -> (usize, usize) {
        let from = self.random.random_range(0..=text.len());
        let to = self.random.random_range(from..=text.len());
        (from, to)
    }
}

/// What is being read now, and since when.
type Now = Arc<Mutex<(Instant, Vec<u8>)>>;

fn fuzz(parser: &Parser, until: Instant, now: &Now, file: &Path) -> Result<u64, String> {
    let mut breaker = Breaker { parser, seeds: (parser.seeds)(), random: SmallRng::from_os_rng() };
    let mut count = 0;
    for seed in breaker.seeds.clone() {
        (parser.read)(&seed);
    }
    while Instant::now() < until {
        let text = breaker.next();
        std::fs::write(file, &text).unwrap();
        *now.lock().unwrap() = (Instant::now(), text.clone());
        if catch_unwind(AssertUnwindSafe(|| (parser.read)(&text))).is_err() {
            return Err(String::from_utf8_lossy(&text).into_owned());
        }
        count += 1;
    }
    std::fs::remove_file(file).unwrap();
    Ok(count)
}

#[test]
fn no_text_brings_a_parser_down() {
    const HANGS: Duration = Duration::from_secs(20);
    let seconds = std::env::var("SEIKAN_FUZZ_SECONDS").ok().map_or(3, |text| text.parse().unwrap());
    let until = Instant::now() + Duration::from_secs(seconds);
    let running: Vec<_> = PARSERS
        .iter()
        .map(|parser| {
            let now: Now = Arc::new(Mutex::new((Instant::now(), Vec::new())));
            let (done, ended) = channel();
            let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{}", parser.name));
            let own = Arc::clone(&now);
            std::thread::Builder::new()
                .stack_size(2 << 20)
                .spawn(move || done.send(fuzz(parser, until, &own, &file)))
                .unwrap();
            (parser, now, ended)
        })
        .collect();
    for (parser, now, ended) in running {
        loop {
            match ended.recv_timeout(Duration::from_secs(1)) {
                Ok(Ok(count)) => {
                    println!("{}: {count} texts", parser.name);
                    assert!(count > 20, "{}: {count} texts are no test", parser.name);
                    break;
                }
                Ok(Err(text)) => panic!("{} panics on {text:?}", parser.name),
                Err(RecvTimeoutError::Disconnected) => panic!("{}: a sound text is not read", parser.name),
                Err(RecvTimeoutError::Timeout) => {
                    let (since, text) = now.lock().unwrap().clone();
                    let text = String::from_utf8_lossy(&text).into_owned();
                    assert!(since.elapsed() < HANGS, "{} hangs on {text:?}", parser.name);
                }
            }
        }
    }
}
