//! Whole queries: what is refused, what comes out, in which form.

use super::{all_kinds, run, table};
use crate::table::{Batch, Column, DataType, PrimaryKey};
use crate::transforms::sql::parse::parse;
use std::sync::Arc;

/// `id int` (key), `name string`, `tags array<string>`; a change of each kind.
fn changes() -> Batch {
    let mut batch = table(&[
        ("id", "int", "[1, 2, 3, 4]"),
        ("name", "string", r#"["a", "b", null, "d"]"#),
        ("tags", "array<string>", r#"[["x", "y"], [], null, ["z", null]]"#),
    ]);
    let mut described = (*batch.table).clone();
    described.columns[0].comment = Some("the number".into());
    described.columns[1].length = Some(20);
    described.primary_key = Some(PrimaryKey { name: "pk".into(), columns: vec!["id".into()] });
    batch.table = Arc::new(described);
    batch.kinds = Some(all_kinds());
    batch
}

fn rows(query: &str) -> Vec<String> {
    run(query, &changes()).unwrap().1
}

#[test]
fn what_is_no_query_of_one_table_is_refused() {
    for (query, part) in [
        ("", "there is no query"),
        ("insert into t values (1)", "only SELECT is allowed"),
        ("delete from t", "only SELECT is allowed"),
        ("select a from t; select b from t", "2 statements"),
        ("select a from t union select a from t", "UNION is not allowed"),
        ("select a from (select a from t)", "sub-query in FROM"),
        ("select a from t join u on t.id = u.id", "JOIN u"),
        ("select a from t, u", "2 tables"),
        ("select a from t group by a", "GROUP BY is not allowed"),
        ("select a from t order by a", "ORDER BY is not allowed"),
        ("select a from t limit 5", "LIMIT or OFFSET is not allowed"),
        ("select a from t offset 5", "LIMIT or OFFSET is not allowed"),
        ("select a from t x", "can't have an alias (x)"),
        ("select a from t as x", "can't have an alias (x)"),
        ("select a from db.t", "can't have a prefix"),
        ("select a", "FROM and a table are missing"),
        ("with x as (select 1) select a from x", "WITH is not allowed"),
        ("select a from t where", "expected"),
        ("select from t", "expected"),
        ("select a b c from t", "expected: end of statement, found: c at line 1, column 12 of the query"),
        ("select a,\n  a b c from t", "at line 2, column 7 of the query"),
        ("select 'a from t", "unterminated string literal at line 1, column 8 of the query"),
        ("select * except (id) from t", "can't be selected"),
        ("select a from t lateral view explode(x)", "the alias is missing at line 1 of the query"),
        ("select a from t lateral view outer posexplode(x) as y", "not followed by EXPLODE"),
        ("select a from t lateral view explode(x as y", "EXPLODE( has no end"),
        ("select a from t lateral view explode(x, y) as z", "EXPLODE takes one array"),
    ] {
        let problem = parse(query).map(|_| ()).unwrap_err();
        assert!(problem.contains(part), "{query}: {problem}");
    }
    for (query, ignored) in [
        ("select distinct a from t", vec!["DISTINCT"]),
        ("select a from t having a > 1", vec!["HAVING"]),
        ("select a from t;", vec![]),
        ("select a from t -- what is wanted\n where /* all */ a > 1", vec![]),
    ] {
        assert_eq!(parse(query).unwrap().ignored, ignored);
    }
}

#[test]
fn items_are_called_as_they_were_written() {
    let names = |query: &str| -> Vec<String> {
        run(query, &changes()).unwrap().0.columns.into_iter().map(|column| column.name).collect()
    };
    assert_eq!(names("select id, `name` as `n m`, t.tags from t"), ["id", "n m", "tags"]);
    assert_eq!(names("select *, id+1 from t"), ["id", "name", "tags", "id+1"]);
    assert_eq!(
        names("select ALL id  %  2 , CASE when id>1 then 'x,y' end, cast(id as string) from t"),
        ["id  %  2", "CASE when id>1 then 'x,y' end", "cast(id as string)"]
    );
    assert_eq!(names("select\n  id\n +  1,\n  'é'||name\nfrom t"), ["id\n +  1", "'é'||name"]);
    assert_eq!(
        names("select id value, name type, id as `from`, id date from t"),
        ["value", "type", "from", "date"]
    );
    let twice = run("select id, name as id from t", &changes()).unwrap_err();
    assert!(twice.contains("two columns are called \"id\""), "{twice}");
    let all = run("select nme, id / name, id from t where idd > 1", &changes()).unwrap_err();
    let short = run("select substring(name) from t", &changes()).unwrap_err();
    assert_eq!(short.matches("(text, start[, length])").count(), 1, "{short}");
    assert!(all.contains("[nme]") && all.contains("INT and STRING") && all.contains("[idd]"), "{all}");
}

#[test]
fn columns_that_are_also_words_of_sql() {
    let words = [
        "date",
        "time",
        "timestamp",
        "value",
        "key",
        "type",
        "left",
        "year",
        "user",
        "count",
        "map",
        "index",
    ];
    let columns: Vec<(&str, &str, &str)> = words.iter().map(|word| (*word, "int", "[1]")).collect();
    let batch = table(&columns);
    for word in words {
        for query in [
            format!("select {word} from t where {word} = 1"),
            format!("select `{word}` + 1 as {word} from t"),
        ] {
            let found = run(&query, &batch);
            assert!(found.as_ref().is_ok_and(|(_, rows)| rows.len() == 1), "{query}: {found:?}");
        }
    }
}

#[test]
fn columns_and_keys_stay_what_they_were() {
    let (output, _) = run("select name as id2, id from t", &changes()).unwrap();
    let wanted = Column { length: Some(20), ..Column::new("id2", DataType::String) };
    assert_eq!(output.columns[0], wanted);
    assert_eq!(output.columns[1].comment.as_deref(), Some("the number"));
    assert_eq!(output.primary_key.unwrap().columns, ["id"]);
    assert_eq!(output.path.to_string(), "db.t");
    for query in [
        "select id as x from t",
        "select id + 1 as id from t",
        "select name from t",
        "select name as id from t",
    ] {
        assert_eq!(run(query, &changes()).unwrap().0.primary_key, None, "{query}");
    }
}

#[test]
fn where_drops_rows_and_their_kinds() {
    assert_eq!(
        rows("select id from t where name is not null and id > 1"),
        [r#"-U {"id":2}"#, r#"-D {"id":4}"#]
    );
    assert_eq!(rows("select id from t where id > 9"), Vec::<String>::new());
    assert_eq!(rows("select 1 as one from t where name != 'b'").len(), 3);
    assert_eq!(rows("select 1 as one from t").len(), 4);
    assert_eq!(rows("select id from t where true").len(), 4);
    assert_eq!(rows("select id from t where null").len(), 0);
    // what is dropped is not computed
    assert_eq!(rows("select 6 / (id - 2) as x from t where id > 2"), [r#"+U {"x":6}"#, r#"-D {"x":3}"#]);
    let fault = run("select 6 / (id - 2) as x from t", &changes()).unwrap_err();
    assert_eq!(fault, "query: column \"x\": 6 / (id - 2): division by zero");
    let fault = run("select id from t where cast(name as int) = 1", &changes()).unwrap_err();
    assert!(fault.starts_with("query: WHERE: CAST(name AS INT): \"a\" is not an integer"), "{fault}");
}

#[test]
fn lateral_views_multiply_rows() {
    assert_eq!(
        rows("select id, tag from t lateral view explode(tags) as tag"),
        [
            r#"+I {"id":1,"tag":"x"}"#,
            r#"+I {"id":1,"tag":"y"}"#,
            r#"-D {"id":4,"tag":"z"}"#,
            r#"-D {"id":4,"tag":null}"#
        ]
    );
    assert_eq!(
        rows("select id, tag from t LATERAL VIEW OUTER EXPLODE(tags) tag where id < 4"),
        [
            r#"+I {"id":1,"tag":"x"}"#,
            r#"+I {"id":1,"tag":"y"}"#,
            r#"-U {"id":2,"tag":null}"#,
            r#"+U {"id":3,"tag":null}"#
        ]
    );
    // a condition on the elements; the form of other dialects; the column of that name gives way
    assert_eq!(
        rows("select id from t lateral view explode(tags) v as tag where tag = 'z'"),
        [r#"-D {"id":4}"#]
    );
    let (output, lines) =
        run("select * from t lateral view explode(tags) as tags where id = 1", &changes()).unwrap();
    assert_eq!(output.columns[2].data_type, DataType::String);
    assert_eq!(lines, [r#"+I {"id":1,"name":"a","tags":"x"}"#, r#"+I {"id":1,"name":"a","tags":"y"}"#]);
    assert_eq!(output.primary_key, None, "a key does not stay unique");
    let twice =
        "select id, a, b from t lateral view explode(tags) as a lateral view explode(tags) as b where id = 1";
    assert_eq!(rows(twice).len(), 4);
    let problem = run("select id from t lateral view explode(name) as n", &changes()).unwrap_err();
    assert!(problem.contains("the argument is STRING, not an array"), "{problem}");
}
