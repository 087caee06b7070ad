//! From the rules of a table to the checks of its columns.

use super::bound::End;
use super::check::Check;
use super::deep::{always_typed, missing_field};
use super::rules::{FieldRule, RuleType, TableRules, ValueRule, Wanted};
use crate::format::java_text::JavaText;
use crate::format::json::ColumnBuilder;
use crate::model::{Fault, MASK, is_document, is_secret, shown_bare, unfit};
use crate::options::{Tree, convert, masked};
use crate::table::{Batch, CatalogTable, Column, DataType};
use std::sync::Arc;

/// Longest text of a row in an error; each value is cut by itself.
const ROW_TEXT: usize = 1000;

/// All checks of one table.
#[derive(Debug)]
pub(super) struct TableChecks {
    /// The table that they were compiled for.
    pub table: Arc<CatalogTable>,
    checks: Vec<ColumnCheck>,
}

/// One check, and how an error names it.
#[derive(Debug)]
struct ColumnCheck {
    column: usize,
    check: Check,
    /// `AssertFieldRule(fieldName=v, fieldType=INT, ruleType=MIN, ruleValue=1.0)`.
    rule: String,
}

impl TableChecks {
    /// Compiles the rules for a table.
    ///
    /// # Errors
    /// A rule about a column that the table does not have.
    pub(super) fn compile(table: &Arc<CatalogTable>, rules: Option<&TableRules>) -> Result<Self, Fault> {
        let mut checks = Vec::new();
        for rule in rules.map(|rules| &rules.fields).into_iter().flatten() {
            let Some(index) = table.index_of(&rule.name) else {
                return Err(Fault::user(unknown_field(&rule.name, table)).final_one());
            };
            let of_rule = field_checks(rule, &table.columns[index]);
            checks.extend(of_rule.into_iter().map(|(check, text)| ColumnCheck {
                column: index,
                check,
                rule: text,
            }));
        }
        Ok(Self { table: table.clone(), checks })
    }

    /// Checks all rows of a batch.
    ///
    /// # Errors
    /// The first row that fails, and the rule.
    pub(super) fn run(&self, batch: &Batch) -> Result<(), Fault> {
        let mut first: Option<(usize, &ColumnCheck)> = None;
        for check in &self.checks {
            let data_type = &self.table.columns[check.column].data_type;
            if let Some(row) = check.check.first_failure(batch.rows.column(check.column), data_type)
                && first.is_none_or(|(earliest, _)| row < earliest)
            {
                first = Some((row, check));
            }
        }
        match first {
            None => Ok(()),
            Some((row, check)) => Err(Fault::user(format!(
                "rule validate failed (ASSERT-01): row :{} fail rule: {}",
                row_text(batch, row),
                check.rule
            ))),
        }
    }
}

/// Says that a rule names a column that the table does not have.
pub(super) fn unknown_field(name: &str, table: &CatalogTable) -> String {
    let names: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
    let near = crate::model::nearest(name, names.iter().copied());
    let hint = near.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
    format!("table {} has no column {name:?}; it has: {}{hint}", table.path, names.join(", "))
}

fn field_checks(rule: &FieldRule, column: &Column) -> Vec<(Check, String)> {
    let found = &column.data_type;
    let head = match &rule.wanted {
        Wanted::Any => format!("AssertFieldRule(fieldName={}", rule.name),
        Wanted::Impossible(text) => format!("AssertFieldRule(fieldName={}, fieldType={text}", rule.name),
        Wanted::Type(wanted) => format!("AssertFieldRule(fieldName={}, fieldType={wanted}", rule.name),
    };
    let of_type = format!("{head}), the column is {found}");
    let mut checks = Vec::new();
    match &rule.wanted {
        Wanted::Any => {}
        Wanted::Impossible(_) => checks.push((Check::Never, of_type)),
        Wanted::Type(DataType::Null) => checks.push((Check::Null, format!("{head}), the value is not null"))),
        Wanted::Type(wanted) => {
            let is_null =
                "the value is null, which has the type \"null\" alone; leave field_type out to allow nulls";
            checks.push((Check::NotNull, format!("{head}), {is_null}")));
            checks.extend(type_check(found, wanted, rule).map(|check| (check, of_type)));
        }
    }
    for value in &rule.values {
        let of_kind = kind_checks(value, found).into_iter();
        checks.extend(of_kind.map(|(check, text, why)| (check, format!("{head}, {text}){why}"))));
        checks.extend(
            equals_check(value, rule, found).map(|(check, text)| (check, format!("{head}, {text})"))),
        );
    }
    checks
}

/// What the column's own type leaves open about the wanted one.
fn type_check(found: &DataType, wanted: &DataType, rule: &FieldRule) -> Option<Check> {
    match (found, wanted) {
        _ if always_typed(found, wanted) => None,
        (DataType::Decimal(_, scale), DataType::Decimal(most, exact)) if scale == exact => {
            Some(Check::Digits(*most))
        }
        (DataType::Array(_), DataType::Array(_)) => Some(Check::Typed(wanted.clone())),
        // A literal that such a value equals has nulls where the value has them.
        (DataType::Map(_, _), DataType::Map(_, _)) | (DataType::Row(_), DataType::Row(_)) => {
            let compared = rule.values.iter().any(|value| value.equals_to.is_some());
            (!compared).then(|| Check::Typed(wanted.clone()))
        }
        _ => Some(Check::NoValue),
    }
}

/// Checks, how the rule is called, and what is said behind its name.
fn kind_checks(value: &ValueRule, found: &DataType) -> Vec<(Check, String, &'static str)> {
    let Some(kind) = value.kind else { return Vec::new() };
    let text = match value.bound {
        Some(bound) => format!("ruleType={}, ruleValue={bound}", kind.name()),
        None => format!("ruleType={}", kind.name()),
    };
    // Numbers and lengths are demanded of values: a null has neither.
    let number = |end| value.bound.map(|bound| Check::number(found, bound, end));
    let length = |end| value.bound.map(|bound| Check::Length { end, outermost: bound.as_f64() });
    let of_value = match kind {
        RuleType::NotNull => return vec![(Check::NotNull, text, "")],
        RuleType::Null => return vec![(Check::Null, text, "")],
        // Rules about row counts make no sense here: they fail, as the job language has it.
        RuleType::MinRow | RuleType::MaxRow => return vec![(Check::Never, text, "")],
        RuleType::Min => number(End::Min),
        RuleType::Max => number(End::Max),
        RuleType::MinLength => length(End::Min),
        RuleType::MaxLength => length(End::Max),
    };
    vec![(Check::NotNull, text.clone(), ", the value is null"), (of_value.unwrap_or(Check::Never), text, "")]
}

fn equals_check(value: &ValueRule, rule: &FieldRule, found: &DataType) -> Option<(Check, String)> {
    let literal = value.equals_to.as_ref()?;
    let is_secret = is_secret(&rule.name) || found.secret().is_some();
    let text =
        if is_secret { format!("equalTo={MASK}") } else { format!("equalTo={}", convert::shown(literal)) };
    let nested = matches!(found, DataType::Array(_) | DataType::Map(_, _) | DataType::Row(_));
    // A row literal goes by the names of the rule's type; for plain values both types are the same.
    let literal_type = match &rule.wanted {
        Wanted::Type(wanted) if nested => wanted,
        _ => found,
    };
    if let Some(field) = missing_field(literal, literal_type) {
        return Some((Check::NoValue, format!("{text}: the literal has no field {field}")));
    }
    if let DataType::Decimal(_, scale) = found
        && !fits_scale(literal, *scale)
    {
        return Some((Check::NoValue, text));
    }
    let mut builder = ColumnBuilder::new(literal_type);
    if let Err(message) = builder.push(literal) {
        let message = if is_secret { unfit() } else { message };
        return Some((Check::NoValue, format!("{text}: {message}")));
    }
    let built = builder.finish();
    let plain = !nested && !matches!(found, DataType::Null | DataType::Vector(_, _));
    let check = match (plain && built.is_valid(0), nested) {
        (true, _) => Check::Equals(built),
        (false, true) => Check::DeepEquals(built, literal_type.clone()),
        // A literal that reads as null equals no value.
        (false, false) => Check::NoValue,
    };
    Some((check, text))
}

/// Whether a decimal literal has no digits behind the scale: one that has equals no value.
fn fits_scale(literal: &Tree, scale: i8) -> bool {
    let text = convert::to_text(literal).to_lowercase();
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let fraction = mantissa.split_once('.').map_or("", |(_, fraction)| fraction).trim_end_matches('0');
    let Ok(exponent) = exponent.parse::<i64>() else { return true };
    let whole_zeros = if fraction.is_empty() {
        let digits = mantissa.split('.').next().unwrap_or_default();
        (digits.len() - digits.trim_end_matches('0').len()) as i64
    } else {
        0
    };
    fraction.len() as i64 - exponent - whole_zeros <= i64::from(scale)
}

/// A JSON text without its secrets; nothing of one that is no JSON.
fn document(text: &str) -> String {
    let tree = serde_json::from_str::<Tree>(text);
    tree.map_or_else(|_| "…".to_owned(), |tree| shown_bare(&masked(&tree).to_json()))
}

/// Whether a map is in the type: its keys may be names of secrets.
fn has_map(data_type: &DataType) -> bool {
    match data_type {
        DataType::Map(_, _) => true,
        DataType::Array(element) => has_map(element),
        DataType::Row(fields) => fields.iter().any(|field| has_map(&field.data_type)),
        _ => false,
    }
}

/// `SeaTunnelRow{tableId=t, kind=+I, fields=[5]}`, without what is secret or may hold secrets, and cut.
fn row_text(batch: &Batch, row: usize) -> String {
    let mut text =
        format!("SeaTunnelRow{{tableId={}, kind={}, fields=[", batch.table.path, batch.kind(row).short());
    for (at, (array, column)) in batch.rows.columns().iter().zip(&batch.table.columns).enumerate() {
        if at > 0 {
            text.push_str(", ");
        }
        if column.secret().is_some() {
            text.push_str(MASK);
            continue;
        }
        let mut value = String::new();
        JavaText::new(array.as_ref(), &column.data_type).push(row, &mut value);
        match &column.data_type {
            DataType::String if is_document(&value) => text.push_str(&document(&value)),
            DataType::Map(_, _) => text.push_str(&document(&value)),
            data_type if has_map(data_type) => text.push('…'),
            _ => text.push_str(&shown_bare(&value)),
        }
        if text.len() > ROW_TEXT {
            text.truncate(text.floor_char_boundary(ROW_TEXT));
            text.push('…');
            break;
        }
    }
    text.push_str("]}");
    text
}
