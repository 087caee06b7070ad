//! How a name becomes another: letter case, replacements, prefix and suffix.
//!
//! Of several replacements the last that matches counts. What it puts in keeps its letters; the rest of the name is
//! converted. Prefix and suffix come last.

use crate::model::Problem;
use crate::options::{Kind, OptionDef, Options};
use crate::transforms::java_regex;
use crate::transforms::object_list::read_list;
use fancy_regex::Regex;
use std::ops::Range;

const CASE: OptionDef =
    OptionDef::new("convert_case", Kind::Choice(&["UPPER", "LOWER"]), "the letter case of the new names");
const PREFIX: OptionDef = OptionDef::new("prefix", Kind::Text, "what stands before the new names");
const SUFFIX: OptionDef = OptionDef::new("suffix", Kind::Text, "what stands behind the new names");
const REPLACEMENTS: OptionDef = OptionDef::new(
    "replacements_with_regex",
    Kind::List,
    "replacements: replace_from, a regular expression whose matches within a name are replaced, or with \
     is_regex = false a whole name; replace_to, put in as it is ($1 is no group); of several that match the last counts",
)
.of(&[FROM, TO, IS_REGEX]);
const FROM: OptionDef = OptionDef::new(
    "replace_from",
    Kind::Text,
    "what is replaced: every match of a regular expression within a name, or (is_regex = false) a whole name",
)
.required();
const TO: OptionDef =
    OptionDef::new("replace_to", Kind::Text, "what stands there instead, as it is: $1 is no group")
        .required();
const IS_REGEX: OptionDef =
    OptionDef::new("is_regex", Kind::Bool, "whether replace_from is a regular expression").default("true");

/// The options of the rule.
pub(super) const RULE: [OptionDef; 4] = [CASE, PREFIX, SUFFIX, REPLACEMENTS];

/// See the module.
#[derive(Clone)]
pub(super) struct Rule {
    upper: Option<bool>,
    prefix: String,
    suffix: String,
    replacements: Vec<Replacement>,
}

#[derive(Clone)]
struct Replacement {
    from: From,
    to: String,
}

#[derive(Clone)]
enum From {
    Name(String),
    Regex(Regex),
}

/// Whether a text looks like a reference to a group: `$1`, `${name}`.
fn has_group(text: &str) -> bool {
    text.match_indices('$')
        .any(|(at, _)| text[at + 1..].starts_with(|c: char| c == '{' || c.is_ascii_digit()))
}

impl Rule {
    /// Reads the rule's options; `None` after noting every problem.
    pub(super) fn read(options: &Options<'_>) -> Option<Self> {
        let before = options.problems().error_count();
        let affix =
            |option: &OptionDef| options.text(option).map_or_else(String::new, |text| text.trim().to_owned());
        let rule = Self {
            upper: options.choice(&CASE).map(|case| case == "UPPER"),
            prefix: affix(&PREFIX),
            suffix: affix(&SUFFIX),
            replacements: read_list(options, &REPLACEMENTS, |item| {
                item.warn_unknown(&[REPLACEMENTS.of]);
                let (from, to, is_regex) = (item.text(&FROM), item.text(&TO), item.bool(&IS_REGEX));
                let (from, to) = (from?, to?.trim().to_owned());
                if from.is_empty() {
                    item.error(FROM.key, "is empty");
                    return None;
                }
                if is_regex? && has_group(&to) {
                    item.problems().warning(Problem::new(
                        item.path_of(TO.key),
                        format!(
                            "{to:?} stands in the new names as it is; groups of the pattern are not put in"
                        ),
                    ));
                }
                let from = match is_regex? {
                    true => {
                        From::Regex(java_regex::compile(&from).map_err(|e| item.error(FROM.key, e)).ok()?)
                    }
                    false => From::Name(from),
                };
                Some(Replacement { from, to })
            }),
        };
        (options.problems().error_count() == before).then_some(rule)
    }

    /// The new name.
    ///
    /// # Errors
    /// A regular expression that goes back without end on this name.
    pub(super) fn apply(&self, name: &str) -> Result<String, String> {
        let mut replaced: (&str, Vec<Range<usize>>) = ("", Vec::new());
        for replacement in &self.replacements {
            let places = match &replacement.from {
                From::Name(from) if from == name => std::iter::once(0..name.len()).collect(),
                From::Name(_) => Vec::new(),
                From::Regex(regex) => regex
                    .find_iter(name)
                    .map(|found| found.map(|found| found.range()))
                    .collect::<Result<_, _>>()
                    .map_err(|e| format!("{}: was given up on \"{name}\": {e}", REPLACEMENTS.key))?,
            };
            if !places.is_empty() {
                replaced = (&replacement.to, places);
            }
        }
        let (to, places) = replaced;
        let mut new = self.prefix.clone();
        let mut start = 0;
        for place in places {
            new.push_str(&self.convert(&name[start..place.start]));
            new.push_str(to);
            start = place.end;
        }
        new.push_str(&self.convert(&name[start..]));
        new.push_str(&self.suffix);
        Ok(new)
    }

    /// The text in the wanted letter case.
    pub(super) fn convert(&self, text: &str) -> String {
        match self.upper {
            Some(true) => text.to_uppercase(),
            Some(false) => text.to_lowercase(),
            None => text.to_owned(),
        }
    }
}
