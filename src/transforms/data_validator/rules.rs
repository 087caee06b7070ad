//! Reads the rules of a job.

use super::range::Range;
use crate::options::{Kind, OptionDef, Options, join};
use crate::transforms::java_regex;
use crate::transforms::object_list::read_list;
use fancy_regex::Regex;

const FIELD_NAME: OptionDef = OptionDef::new("field_name", Kind::Text, "the column").required();
const LIST: OptionDef = OptionDef::new(
    "rules",
    Kind::List,
    "several rules of the column, each with the options that stand here else",
)
.of(RULE);
const RULE_TYPE: OptionDef = OptionDef::new(
    "rule_type",
    Kind::Choice(&["NOT_NULL", "RANGE", "LENGTH", "REGEX", "UDF"]),
    "what is checked",
)
.required();
const MESSAGE: OptionDef =
    OptionDef::new("custom_message", Kind::Text, "what is said of a value that breaks the rule");
const MIN: OptionDef = OptionDef::new("min_value", Kind::Text, "for RANGE: the smallest value");
const MAX: OptionDef = OptionDef::new("max_value", Kind::Text, "for RANGE: the greatest value");
const MIN_INCLUSIVE: OptionDef =
    OptionDef::new("min_inclusive", Kind::Bool, "for RANGE: whether the smallest value is allowed itself")
        .default("true");
const MAX_INCLUSIVE: OptionDef =
    OptionDef::new("max_inclusive", Kind::Bool, "for RANGE: whether the greatest value is allowed itself")
        .default("true");
const MIN_LENGTH: OptionDef = OptionDef::new(
    "min_length",
    Kind::Int,
    "for LENGTH: the smallest number of characters (of a number or date: of its text), bytes or elements",
);
const MAX_LENGTH: OptionDef = OptionDef::new(
    "max_length",
    Kind::Int,
    "for LENGTH: the greatest number of characters (of a number or date: of its text), bytes or elements",
);
const EXACT_LENGTH: OptionDef = OptionDef::new(
    "exact_length",
    Kind::Int,
    "for LENGTH: the only number of characters (of a number or date: of its text), bytes or elements",
);
const PATTERN: OptionDef =
    OptionDef::new("pattern", Kind::Text, "for REGEX: regular expression that the whole value matches")
        .required();
const CASE_SENSITIVE: OptionDef =
    OptionDef::new("case_sensitive", Kind::Bool, "for REGEX: whether the letter case counts").default("true");
const FUNCTION: OptionDef =
    OptionDef::new("function_name", Kind::Choice(&["EMAIL"]), "for UDF: the function that checks the value")
        .required();
const RULE: &[OptionDef] = &[
    RULE_TYPE,
    MESSAGE,
    MIN,
    MAX,
    MIN_INCLUSIVE,
    MAX_INCLUSIVE,
    MIN_LENGTH,
    MAX_LENGTH,
    EXACT_LENGTH,
    PATTERN,
    CASE_SENSITIVE,
    FUNCTION,
];
/// What a rule takes that stands alone, or a column with a list of rules.
pub(super) const FIELD_RULE: &[OptionDef] = &join::<{ RULE.len() + 2 }>(&[FIELD_NAME, LIST], RULE);

/// A rule for one column.
#[derive(Clone)]
pub(super) struct FieldRule {
    /// Where its column stands: `field_rules[0]`.
    pub key: String,
    pub field: String,
    pub rule: Rule,
    /// What is said instead of what the rule would say.
    pub message: Option<String>,
}

/// What is checked. Nulls break `NotNull` only.
#[derive(Clone)]
pub(super) enum Rule {
    NotNull,
    Range(Range),
    Length(Length),
    /// The pattern as written, and compiled to match whole texts.
    Regex(String, Regex),
    Email,
}

/// Allowed lengths.
#[derive(Clone, Copy, Default)]
pub(super) struct Length {
    pub min: Option<usize>,
    pub max: Option<usize>,
    pub exact: Option<usize>,
}

/// Reads `field_rules`.
pub(super) fn read_rules(options: &Options<'_>, list: &OptionDef) -> Vec<FieldRule> {
    let start = options.path().len() + 1;
    let rules = read_list(options, list, |field| {
        let key = field.path().get(start..).unwrap_or_default().to_owned();
        let name = field.text(&FIELD_NAME);
        let rules: Vec<(Rule, Option<String>)> = if field.has(&LIST) {
            field.warn_unknown(&[&[FIELD_NAME, LIST]]);
            read_list(field, &LIST, |rule| {
                rule.warn_unknown(&[RULE]);
                read_rule(rule)
            })
        } else {
            field.warn_unknown(&[FIELD_RULE]);
            read_rule(field).into_iter().collect()
        };
        let name = name?;
        let of_field = |(rule, message)| FieldRule { key: key.clone(), field: name.clone(), rule, message };
        Some(rules.into_iter().map(of_field).collect::<Vec<FieldRule>>())
    });
    rules.into_iter().flatten().collect()
}

fn read_rule(options: &Options<'_>) -> Option<(Rule, Option<String>)> {
    let message = options.text(&MESSAGE);
    let rule = match options.choice(&RULE_TYPE)? {
        "RANGE" => Rule::Range(read_range(options)?),
        "LENGTH" => Rule::Length(read_length(options)?),
        "REGEX" => {
            let (pattern, exact_case) = (options.text(&PATTERN), options.bool(&CASE_SENSITIVE));
            let (pattern, exact_case) = (pattern?, exact_case?);
            let flags = if exact_case { "" } else { "(?i)" };
            let regex = java_regex::compile(&pattern)
                .and_then(|_| java_regex::compile_whole(&format!("{flags}{pattern}")))
                .map_err(|e| options.error(PATTERN.key, e))
                .ok()?;
            Rule::Regex(pattern, regex)
        }
        "UDF" => {
            options.choice(&FUNCTION)?;
            Rule::Email
        }
        _ => Rule::NotNull,
    };
    Some((rule, message))
}

fn read_range(options: &Options<'_>) -> Option<Range> {
    let (min, max) = (options.text(&MIN), options.text(&MAX));
    let (min_inclusive, max_inclusive) = (options.bool(&MIN_INCLUSIVE), options.bool(&MAX_INCLUSIVE));
    if min.is_none() && max.is_none() {
        options.error("", format!("a RANGE needs {} or {}", MIN.key, MAX.key));
        return None;
    }
    Some(Range { min, max, min_inclusive: min_inclusive?, max_inclusive: max_inclusive? })
}

fn read_length(options: &Options<'_>) -> Option<Length> {
    let before = options.problems().error_count();
    let length = |option: &OptionDef| {
        let given = options.int(option)?;
        let length = usize::try_from(given);
        length
            .map_err(|_| options.error(option.key, format!("{given} is not allowed; allowed: 0 or more")))
            .ok()
    };
    let (min, max, exact) = (length(&MIN_LENGTH), length(&MAX_LENGTH), length(&EXACT_LENGTH));
    if options.problems().error_count() > before {
        return None;
    }
    if min.is_none() && max.is_none() && exact.is_none() {
        options.error(
            "",
            format!("a LENGTH needs {}, {} or {}", MIN_LENGTH.key, MAX_LENGTH.key, EXACT_LENGTH.key),
        );
        return None;
    }
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        options.error(MIN_LENGTH.key, format!("{min} is above {} {max}, so no value passes", MAX_LENGTH.key));
        return None;
    }
    if let Some(exact) = exact
        && !(min.unwrap_or(0)..=max.unwrap_or(usize::MAX)).contains(&exact)
    {
        let message =
            format!("{exact} is not between {} and {}, so no value passes", MIN_LENGTH.key, MAX_LENGTH.key);
        options.error(EXACT_LENGTH.key, message);
        return None;
    }
    Some(Length { min, max, exact })
}
