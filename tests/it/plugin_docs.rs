//! `docs/plugins.md` is what the declarations of the options say. After a change of these:
//! `SEIKAN_UPDATE_DOCS=1 cargo test --test it -- plugin_docs`.

use crate::server::{Server, checkout};
use seikan::options::{Kind, OptionDef};
use seikan::plan::{BlockKind, BlockRules, SINK_OPTIONS, SOURCE_OPTIONS, TRANSFORM_OPTIONS, block_rules};
use seikan::table::schema;
use serde_json::Value;
use std::collections::HashSet;
use std::fs;

const HEAD: &str = "# What can be written in a job\n\n\
    Every block and its options, made from the declarations that the program itself reads its jobs by. `GET /option-rules` \
    answers the same as JSON.\n\n\
    A dotted name can be written flat (`row.num = 5`) or nested (`row { num = 5 }`). Names of plug-ins are matched in any \
    letter case. `x[].y` is an option of each object in the list `x`. Made by `SEIKAN_UPDATE_DOCS=1 cargo test --test it -- plugin_docs`.\n";

fn page(rules: &[BlockRules]) -> String {
    let mut page = HEAD.to_owned();
    let of_kind = |kind| rules.iter().filter(move |rules| rules.kind == kind);
    page.push_str("\n## env\n");
    of_kind(BlockKind::Env).for_each(|rules| table(&mut page, rules.own));
    for (kind, title, every, common) in [
        (BlockKind::Source, "Sources", "Every source", SOURCE_OPTIONS),
        (BlockKind::Transform, "Transforms", "Every transform", TRANSFORM_OPTIONS),
        (BlockKind::Sink, "Sinks", "Every sink", SINK_OPTIONS),
    ] {
        page.push_str(&format!("\n## {title}\n\n### {every}\n"));
        table(&mut page, common);
        for rules in of_kind(kind) {
            page.push_str(&format!("\n### {}\n", rules.name));
            if let Some(why) = rules.refused {
                page.push_str(&format!("\n**Refused**: it {why}.\n"));
            }
            if let Some(note) = rules.note {
                page.push_str(&format!("\n{note}\n"));
            }
            table(&mut page, rules.own);
        }
    }
    page.push_str("\n## Schema of a table\n");
    for rules in of_kind(BlockKind::Schema) {
        page.push_str(&format!("\n### {}\n", rules.name));
        table(&mut page, rules.own);
    }
    page
}

fn table(page: &mut String, options: &[OptionDef]) {
    if options.is_empty() {
        page.push_str("\nNothing of its own.\n");
        return;
    }
    page.push_str("\n| option | type | default | what it is |\n|---|---|---|---|\n");
    rows(page, options, "", options);
}

/// Options that stand below another one have its name in front. A table's schema has a section of its own; what takes
/// the plug-in's own options again (`tables_configs`) says so.
fn rows(page: &mut String, options: &[OptionDef], before: &str, own: &[OptionDef]) {
    for option in options {
        row(page, option, before);
        let is_own = |inner: &OptionDef| own.iter().any(|known| known.key == inner.key);
        let has_section = option.key == "schema" && keys(option.of).eq(keys(schema::OPTIONS));
        if !has_section && !option.of.iter().all(is_own) {
            let mark = if option.kind == Kind::List { "[]" } else { "" };
            rows(page, option.of, &format!("{before}{}{mark}.", option.key), own);
        }
    }
}

fn keys(options: &[OptionDef]) -> impl Iterator<Item = &'static str> {
    options.iter().map(|option| option.key)
}

fn row(page: &mut String, option: &OptionDef, before: &str) {
    let older = match option.fallbacks {
        [] => String::new(),
        names => {
            format!(" (older: {})", names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", "))
        }
    };
    let kind = match option.kind {
        Kind::Text => "text".to_owned(),
        Kind::Bool => "boolean".to_owned(),
        Kind::Int => "integer".to_owned(),
        Kind::Long => "long".to_owned(),
        Kind::Double => "number".to_owned(),
        Kind::List => "list".to_owned(),
        Kind::Object => "object".to_owned(),
        Kind::Choice(choices) => choices.join(", "),
    };
    let default = match (option.default, option.required) {
        (Some(default), _) => format!("`{}`", default.escape_debug()),
        (None, true) => "**required**".to_owned(),
        (None, false) => String::new(),
    };
    let about = option.about.replace('|', "\\|");
    page.push_str(&format!("| `{before}{}`{older} | {kind} | {default} | {about} |\n", option.key));
}

#[test]
fn the_page_is_what_the_declarations_say() {
    let path = checkout().join("docs/plugins.md");
    let page = page(&block_rules(&seikan::app::registry()));
    if std::env::var_os("SEIKAN_UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == page,
        "docs/plugins.md is out of date; make it with SEIKAN_UPDATE_DOCS=1 cargo test --test it -- plugin_docs"
    );
}

/// Names between commas, without what stands in parentheses.
fn names(cell: &str) -> Vec<String> {
    let (mut names, mut depth) = (vec![String::new()], 0);
    for c in cell.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => names.push(String::new()),
            c if depth == 0 => names.last_mut().unwrap().push(c),
            _ => {}
        }
    }
    names.iter().map(|name| name.trim().to_owned()).collect()
}

#[test]
fn the_readme_lists_every_plugin_that_can_be_used() {
    let readme = fs::read_to_string(checkout().join("README.md")).unwrap();
    let rules = block_rules(&seikan::app::registry());
    for (kind, title) in
        [(BlockKind::Source, "sources"), (BlockKind::Transform, "transforms"), (BlockKind::Sink, "sinks")]
    {
        let cell = readme.split(&format!("| {title} | ")).nth(1).unwrap().split([';', '|']).next().unwrap();
        let mut listed = names(cell);
        listed.sort();
        let mut there: Vec<&str> =
            rules.iter().filter(|r| r.kind == kind && r.refused.is_none()).map(|r| r.name).collect();
        there.sort_unstable();
        assert_eq!(listed, there, "{title}");
    }
}

#[test]
fn every_option_is_declared_once_and_says_what_it_is() {
    for rules in block_rules(&seikan::app::registry()) {
        let mut seen = HashSet::new();
        for option in rules.options() {
            let place = format!("{} {}", rules.name, option.key);
            assert!(seen.insert(option.key), "{place} is there twice");
            assert!(!option.about.is_empty() && !option.about.ends_with('.'), "{place}: {:?}", option.about);
            assert!(!(option.required && option.default.is_some()), "{place}: a default nobody can get");
        }
    }
}

#[test]
fn option_rules_over_rest() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let all = server.get("/option-rules").ok();
    let names: Vec<String> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|rules| format!("{} {}", rules["pluginType"], rules["pluginName"]).replace('"', ""))
        .collect();
    let wanted: Vec<String> = block_rules(&seikan::app::registry())
        .iter()
        .map(|rules| format!("{} {}", rules.kind.name(), rules.name))
        .collect();
    assert_eq!(names, wanted);

    let one = server.get("/option-rules?type=%20SINK&plugin=localfile").ok();
    assert!(all.as_array().unwrap().contains(&one));
    assert_eq!(
        (&one["engineType"], &one["pluginType"], &one["pluginName"]),
        (&"seatunnel".into(), &"sink".into(), &"LocalFile".into())
    );
    let option = |kind: &str, key: &str| -> Value {
        let options = match kind {
            "requiredOptions" => &one["optionRule"][kind][0]["options"],
            kind => &one["optionRule"][kind],
        };
        options
            .as_array()
            .unwrap()
            .iter()
            .find(|option| option["key"] == key)
            .unwrap_or_else(|| panic!("{key}"))
            .clone()
    };
    assert_eq!(one["optionRule"]["requiredOptions"][0]["ruleType"], "ABSOLUTELY_REQUIRED");
    assert_eq!(option("requiredOptions", "path")["type"], "java.lang.String");
    let batch = option("optionalOptions", "batch_size");
    assert_eq!((&batch["type"], &batch["defaultValue"]), (&"java.lang.Integer".into(), &1_000_000.into()));
    assert_eq!(option("optionalOptions", "plugin_input")["fallbackKeys"][0], "source_table_name");
    let mode = option("optionalOptions", "data_save_mode");
    assert_eq!(mode["optionValues"][0], "DROP_DATA");

    for (query, status, wanted) in [
        ("?type=source", 400, "Parameter 'plugin' cannot be empty."),
        ("?plugin=Console", 400, "Parameter 'type' cannot be empty."),
        ("?type=&plugin=Console", 400, "Parameter 'type' cannot be empty."),
        (
            "?type=x&plugin=Console",
            400,
            "Unsupported plugin type 'x'. Only 'source', 'sink' and 'transform' are supported.",
        ),
        ("?type=source&plugin=Consol", 404, "Plugin 'Consol' not found for type 'source'."),
        (
            "?type=sink&plugin=Consol",
            404,
            "Plugin 'Consol' not found for type 'sink'. Did you mean 'Console'?",
        ),
    ] {
        assert_eq!(server.get(&format!("/option-rules{query}")).fail(status), wanted, "{query}");
    }
}
