use crate::connectors::trial::{batch_context, fake, rows, sink, tables, write_all, writer};
use crate::model::Epoch;
use crate::table::CatalogTable;
use futures::executor::block_on;
use std::sync::Arc;

const FIXED: &str = r#"{"schema": {"table": "va.t", "fields": {"v": "int", "w": "string"}}, "rows": [
    {"kind": "INSERT", "fields": [5, "abc"]}, {"kind": "UPDATE_AFTER", "fields": [7, "日本"]}]}"#;

fn known() -> Vec<Arc<CatalogTable>> {
    tables(&fake(FIXED).ok())
}

/// What the rows of `FIXED` fail with under these field rules.
fn failure(field_rules: &str) -> String {
    let def = sink("Assert", &format!(r#"{{"rules": {{"field_rules": [{field_rules}]}}}}"#), &known()).ok();
    let mut writer = writer(&def, &batch_context(1)).unwrap();
    write_all(writer.as_mut(), &rows(FIXED)).err().map(|fault| fault.message).unwrap_or_default()
}

#[test]
fn a_failure_names_row_and_rule() {
    assert_eq!(
        failure(
            r#"{"field_name": "v", "field_type": "int", "field_value": [{"rule_type": "MAX", "rule_value": 6}]}"#
        ),
        "rule validate failed (ASSERT-01): row :SeaTunnelRow{tableId=va.t, kind=+U, fields=[7, 日本]} fail rule: \
         AssertFieldRule(fieldName=v, fieldType=INT, ruleType=MAX, ruleValue=6.0)"
    );
    assert!(failure(r#"{"field_name": "w", "field_type": "int"}"#).ends_with("the column is STRING"));
    let literal = r#"{"field_name": "v", "field_type": "int", "field_value": [{"equals_to": "x"}]}"#;
    assert!(failure(literal).contains("equalTo=\"x\": "), "{}", failure(literal));
}

#[test]
fn the_first_failing_row_is_named() {
    let rules = r#"{"field_name": "v", "field_value": [{"equals_to": 5}]},
        {"field_name": "w", "field_value": [{"rule_type": "MAX_LENGTH", "rule_value": 2}]}"#;
    let message = failure(rules);
    assert!(message.contains("fields=[5, abc]") && message.contains("MAX_LENGTH"), "{message}");
}

#[test]
fn counts_are_shared_and_survive_a_restore() {
    let rules = |number: u64| {
        format!(
            r#"{{"rules": {{"row_rules": [{{"rule_type": "MIN_ROW", "rule_value": {number}}},
                {{"rule_type": "MAX_ROW", "rule_value": {number}}}]}}}}"#
        )
    };
    let def = sink("Assert", &rules(10), &known()).ok();
    let batches = rows(FIXED);
    let first = block_on(def.start(&batch_context(2))).unwrap();
    let mut states = Vec::new();
    for instance in 0..2 {
        let mut writer = block_on(first.writer(instance, Epoch(1), None)).unwrap();
        write_all(writer.as_mut(), &batches).unwrap();
        states.push(writer.snapshot().unwrap());
        // Written after the checkpoint, so taken back with it.
        write_all(writer.as_mut(), &batches).unwrap();
    }
    let restored = block_on(def.start(&batch_context(2))).unwrap();
    for (instance, state) in states.into_iter().enumerate() {
        let mut writer = block_on(restored.writer(instance, Epoch(2), state)).unwrap();
        write_all(writer.as_mut(), &batches).unwrap();
        assert!(writer.snapshot().unwrap().is_some());
    }
    let fault = block_on(restored.finish()).unwrap_err();
    assert!(fault.message.contains("row num :8 fail rule: AssertRule(ruleType=MIN_ROW"), "{fault}");
    let mut last = block_on(restored.writer(2, Epoch(2), None)).unwrap();
    write_all(last.as_mut(), &batches).unwrap();
    block_on(restored.finish()).unwrap();
}

#[test]
fn a_writer_restored_twice_keeps_counts_of_tables_it_never_saw_again() {
    let def = sink("Assert", r#"{"rules": {"table-names": ["va.t"]}}"#, &[]).ok();
    let first = block_on(def.start(&batch_context(1))).unwrap();
    let mut writer = block_on(first.writer(0, Epoch(1), None)).unwrap();
    write_all(writer.as_mut(), &rows(FIXED)).unwrap();
    let mut state = writer.snapshot().unwrap();
    for epoch in 2..4 {
        let run = block_on(def.start(&batch_context(1))).unwrap();
        let writer = block_on(run.writer(0, Epoch(epoch), state)).unwrap();
        state = writer.snapshot().unwrap();
        block_on(run.finish()).unwrap();
    }
}

#[test]
fn tables_that_come_must_be_those_named() {
    let def = sink("Assert", r#"{"rules": {"table-names": ["va.t", "va.u"]}}"#, &known()).ok();
    let run = block_on(def.start(&batch_context(1))).unwrap();
    let mut writer = block_on(run.writer(0, Epoch(1), None)).unwrap();
    write_all(writer.as_mut(), &rows(FIXED)).unwrap();
    let fault = block_on(run.finish()).unwrap_err();
    assert!(fault.message.ends_with("table names: [va.t] is not equal to [va.t, va.u]"), "{fault}");
}

#[test]
fn wrong_rules_are_refused_with_their_place() {
    for (rules, wanted) in [
        (r#"{}"#, "rules: holds no rule"),
        (r#"{"tables_configs": [{"table_path": "va.t"}]}"#, "rules: holds no rule"),
        (r#"{"row_rules": "x"}"#, "rules.row_rules: \"x\" is no list"),
        (r#"{"row_rules": [{"rule_type": "MAX_ROW"}]}"#, "row_rules[0].rule_value: is required for MAX_ROW"),
        (
            r#"{"field_rules": [{"field_name": "v", "field_value": [{"rule_type": "not_null"}]}]}"#,
            "field_rules[0].field_value[0].rule_type: \"not_null\" is no rule type",
        ),
        (
            r#"{"field_rules": [{"field_name": "x"}]}"#,
            "field_rules[0].field_name: table va.t has no column \"x\"",
        ),
        (r#"{"field_rules": [{"field_type": "int"}]}"#, "field_rules[0].field_name: is required"),
        (
            r#"{"catalog_table_rule": {"primary_key_rule": {"primary_key_name": "p", "primary_key_columns": ["v"]}}}"#,
            "rules.catalog_table_rule.primary_key_rule: catalog table failed (ASSERT-03): there is no primary key",
        ),
        (
            r#"{"catalog_table_rule": {"primary_key_rule": {"primary_key_name": "p", "primary_key_columns": "v"}}}"#,
            "primary_key_rule.primary_key_columns: \"v\" is no list",
        ),
        (
            r#"{"tables_configs": [{"table_path": "va.x", "catalog_table_rule": {}}]}"#,
            "tables_configs[0].table_path: there is no table va.x; tables are: va.t",
        ),
    ] {
        let error = sink("Assert", &format!(r#"{{"rules": {rules}}}"#), &known()).error();
        assert!(error.starts_with("sink[0].Assert.rules") && error.contains(wanted), "{error}");
    }
}

#[test]
fn a_table_as_it_was_declared_passes_its_catalog_rule() {
    let source = fake(
        r#"{"schema": {"table": "cat.t", "columns": [
            {"name": "id", "type": "bigint", "nullable": false, "columnLength": 20, "defaultValue": 7, "comment": "c"},
            {"name": "name", "type": "string"}],
            "primaryKey": {"name": "pk", "columnNames": ["id"]},
            "constraintKeys": [{"constraintName": "u", "constraintType": "UNIQUE_KEY",
                "constraintColumns": [{"columnName": "name", "sortType": "DESC"}]}]}}"#,
    );
    let tables = tables(&source.ok());
    let rule = |columns: &str, sort: &str| {
        format!(
            r#"{{"rules": {{"catalog_table_rule": {{
                "table_identifier_rule": {{"catalog_name": "FakeSource", "table": "cat.t"}},
                "primary_key_rule": {{"primary_key_name": "pk", "primary_key_columns": ["id"]}},
                "constraint_key_rule": [{{"constraint_key_name": "u", "constraint_key_type": "UNIQUE_KEY",
                    "constraint_key_columns": [{{"constraint_key_column_name": "name",
                        "constraint_key_sort_type": "{sort}"}}]}}],
                "column_rule": [{columns}]}}}}}}"#
        )
    };
    let id = r#"{"name": "id", "type": "bigint", "nullable": false, "column_length": 20, "default_value": "7", "comment": "c"}"#;
    let name = r#"{"name": "name", "type": "string"}"#;
    assert!(sink("Assert", &rule(&format!("{id}, {name}"), "DESC"), &tables).errors.is_empty());
    let wrong = sink("Assert", &rule(&format!("{id}, {name}"), "ASC"), &tables).error();
    assert!(wrong.contains("constraint keys [u Unique (name DESC)] are not equal to"), "{wrong}");
    let wrong = sink("Assert", &rule(&format!("{name}, {id}"), "DESC"), &tables).error();
    assert!(wrong.contains("columns [id BIGINT length 20 not null default 7 comment \"c\""), "{wrong}");
}

#[test]
fn nulls_need_no_type_when_none_is_wanted() {
    let options = r#"{"schema": {"fields": {"v": "int"}}, "rows": [{"kind": "INSERT", "fields": [null]}]}"#;
    let known = tables(&fake(options).ok());
    for (value, passes) in [
        (r#"{"rule_type": "NULL"}"#, true),
        (r#"{"rule_type": "NOT_NULL"}"#, false),
        (r#"{"rule_type": "MIN", "rule_value": 0}"#, false),
        (r#"{"equals_to": 5}"#, true),
    ] {
        let rules =
            format!(r#"{{"rules": {{"field_rules": [{{"field_name": "v", "field_value": [{value}]}}]}}}}"#);
        let def = sink("Assert", &rules, &known).ok();
        let mut writer = writer(&def, &batch_context(1)).unwrap();
        assert_eq!(write_all(writer.as_mut(), &rows(options)).is_ok(), passes, "{value}");
    }
}

#[test]
fn a_moment_in_utc_is_asserted_with_its_type_and_any_offset() {
    let fixed = r#"{"schema": {"fields": {"t": "timestamp_tz"}}, "rows": [
        {"kind": "INSERT", "fields": ["2024-01-02T03:04:05+02:00"]}]}"#;
    let failure = |rule: &str| {
        let rules = format!(r#"{{"rules": {{"field_rules": [{{"field_name": "t", {rule}}}]}}}}"#);
        let def = sink("Assert", &rules, &tables(&fake(fixed).ok())).ok();
        let mut writer = writer(&def, &batch_context(1)).unwrap();
        write_all(writer.as_mut(), &rows(fixed)).err().map(|fault| fault.message).unwrap_or_default()
    };
    let equals = |literal: &str| {
        failure(&format!(r#""field_type": "timestamp_tz", "field_value": [{{"equals_to": "{literal}"}}]"#))
    };
    assert_eq!(equals("2024-01-02T01:04:05Z"), "");
    assert_eq!(equals("2024-01-02 09:04:05+08:00"), "");
    assert!(equals("2024-01-02T03:04:05Z").contains("fields=[2024-01-02T01:04:05Z]"));
    assert!(failure(r#""field_type": "timestamp""#).ends_with("the column is TIMESTAMP_TZ"));
}

#[test]
fn a_null_is_called_so() {
    let fixed = r#"{"schema": {"fields": {"v": "int"}}, "rows": [{"kind": "INSERT", "fields": [null]}]}"#;
    for (rule, wanted) in [
        (
            r#""field_type": "int""#,
            "fieldType=INT), the value is null, which has the type \"null\" alone; leave field_type out to allow nulls",
        ),
        (
            r#""field_value": [{"rule_type": "MIN", "rule_value": 1}]"#,
            "ruleType=MIN, ruleValue=1.0), the value is null",
        ),
        (r#""field_value": [{"rule_type": "NOT_NULL"}]"#, "ruleType=NOT_NULL)"),
    ] {
        let rules = format!(r#"{{"rules": {{"field_rules": [{{"field_name": "v", {rule}}}]}}}}"#);
        let def = sink("Assert", &rules, &tables(&fake(fixed).ok())).ok();
        let mut writer = writer(&def, &batch_context(1)).unwrap();
        let fault = write_all(writer.as_mut(), &rows(fixed)).unwrap_err();
        assert!(fault.message.ends_with(wanted), "{fault}");
    }
    assert!(
        failure(r#"{"field_name": "v", "field_type": "null"}"#)
            .ends_with("fieldType=NULL), the value is not null")
    );
}
