//! `docs/sql-functions.md` is what the declarations of the functions say. After a change of these:
//! `SEIKAN_UPDATE_DOCS=1 cargo test --test it -- sql_function_docs`.

use crate::server::checkout;
use seikan::transforms::sql_functions;
use std::fs;

const HEAD: &str = "# Functions of SQL\n\n\
    What a query of the `Sql` transform can call; operators, literals, CASE and CAST are in [sql.md](sql.md). Made from the declarations that the program itself checks calls by. \
    Names are matched in any letter case. What differs from the Java engine is in \
    [differences.md](differences.md#sql). Made by `SEIKAN_UPDATE_DOCS=1 cargo test --test it -- sql_function_docs`.\n\n\
    A function takes any value where it takes a text: what is no text counts as its Java text. Where it takes a \
    number, a text that holds one counts as that number; where it takes a date, a text that holds a date or a timestamp \
    does. `AES_…` and `DES_…` alone are stricter. Lengths and places count as Java counts characters: one beyond U+FFFF is two.\n\n\
    ## Null\n\n\
    A null argument makes the result null, and an optional argument that is null counts as not given. Others:\n\n\
    | function | with null |\n|---|---|\n\
    | `CONCAT`, `CONCAT_WS` | values that are null are left out, a null separator is empty; the result is never null |\n\
    | `REPLACE`, `TRANSLATE` | new text that is null: `REPLACE` leaves out what it finds, `TRANSLATE` changes nothing |\n\
    | `INSERT` | one of text and new text null: the other one |\n\
    | `LOCATE`, `INSTR`, `POSITION` | 0 for a null text; null for a null start, or if only the text that is searched \
    for is null |\n\
    | `LOCATE`, `INSTR`, `SPLIT`, `LOG`, `TO_CHAR` of dates, `FROM_UNIXTIME` | null for an optional argument that is null |\n\
    | `AES_ENCRYPT`, `AES_DECRYPT`, `DES_ENCRYPT`, `DES_DECRYPT` | an error for a null key, vector or password, \
    but in rows whose text is null |\n\
    | `IS_DATE` | false |\n\
    | `COALESCE`, `IFNULL` | the first value that is not null |\n\
    | `NULLIF` | null is equal to nothing: the first value |\n\
    | `MULTI_IF` | a condition that is null is not true; a value that is null can be chosen |\n\
    | `ARRAY`, `MAP` | null elements and values stay; a null key is an error |\n\
    | `ARRAY_MAX`, `ARRAY_MIN` | null elements are left out |\n\
    | functions of vectors | a vector with a null element counts as null |\n";

fn page() -> String {
    let (mut page, mut group) = (HEAD.to_owned(), "");
    for function in sql_functions() {
        if function.group != group {
            group = function.group;
            page.push_str(&format!(
                "\n## {group}\n\n| function | what it gives | other names |\n|---|---|---|\n"
            ));
        }
        let others: Vec<String> = function.names[1..].iter().map(|name| format!("`{name}`")).collect();
        let about = function.about.replace('|', "\\|");
        page.push_str(&format!("| `{}` | {about} | {} |\n", function.usage, others.join(", ")));
    }
    page
}

#[test]
fn the_page_is_what_the_declarations_say() {
    let path = checkout().join("docs/sql-functions.md");
    let page = page();
    if std::env::var_os("SEIKAN_UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == page,
        "docs/sql-functions.md is out of date; make it with SEIKAN_UPDATE_DOCS=1 cargo test --test it -- sql_function_docs"
    );
}
