//! Reads one block of a tree by declarations, noting every problem with its path.

use super::convert;
use super::{Kind, Map, OptionDef, Tree};
use crate::model::{Problem, Problems, nearest};

/// One block of options (`source[0].FakeSource`) being read. Every getter answers `None` when the option is not
/// given and has no default, or when its value can't be used (which is then noted in the problems).
#[derive(Clone, Debug)]
pub struct Options<'t> {
    map: &'t Map,
    path: String,
    problems: &'t Problems,
}

impl<'t> Options<'t> {
    /// Reads `map`, which stands at `path`.
    pub fn new(map: &'t Map, path: impl Into<String>, problems: &'t Problems) -> Self {
        Self { map, path: path.into(), problems }
    }

    /// The block as it was written.
    #[must_use]
    pub fn map(&self) -> &'t Map {
        self.map
    }

    /// Where the block stands.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Where problems are collected.
    #[must_use]
    pub fn problems(&self) -> &'t Problems {
        self.problems
    }

    /// Path of one key of this block.
    #[must_use]
    pub fn path_of(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    /// Notes an error at `key` (empty: at the block).
    pub fn error(&self, key: &str, message: impl Into<String>) {
        let path = if key.is_empty() { self.path.clone() } else { self.path_of(key) };
        self.problems.error(Problem::new(path, message));
    }

    /// Notes a warning at `key`.
    pub fn warn(&self, key: &str, message: impl Into<String>) {
        self.problems.warning(Problem::new(self.path_of(key), message));
    }

    /// The raw value of an option: the flat key, else nested objects, else its older spellings. `null` counts as
    /// not given.
    #[must_use]
    pub fn raw(&self, option: &OptionDef) -> Option<&'t Tree> {
        self.given(option).map(|(_, value)| value)
    }

    /// The spelling that the user has for an option, and its value.
    fn given(&self, option: &OptionDef) -> Option<(&'static str, &'t Tree)> {
        let keys = std::iter::once(&option.key).chain(option.fallbacks);
        keys.copied().find_map(|key| Some((key, lookup(self.map, key)?)))
    }

    /// Whether the option is given.
    #[must_use]
    pub fn has(&self, option: &OptionDef) -> bool {
        self.raw(option).is_some()
    }

    /// Text.
    #[must_use]
    pub fn text(&self, option: &OptionDef) -> Option<String> {
        self.convert(option, |value| Ok(convert::to_text(value)))
    }

    /// Boolean.
    #[must_use]
    pub fn bool(&self, option: &OptionDef) -> Option<bool> {
        self.convert(option, convert::to_bool)
    }

    /// 32-bit integer.
    #[must_use]
    pub fn int(&self, option: &OptionDef) -> Option<i32> {
        let taken = self.convert(option, convert::to_int)?;
        self.warn_cut(option, taken.into());
        Some(taken)
    }

    /// 64-bit integer.
    #[must_use]
    pub fn long(&self, option: &OptionDef) -> Option<i64> {
        let taken = self.convert(option, convert::to_long)?;
        self.warn_cut(option, taken);
        Some(taken)
    }

    /// Floating-point number.
    #[must_use]
    pub fn double(&self, option: &OptionDef) -> Option<f64> {
        self.convert(option, convert::to_double)
    }

    /// One of the option's choices, spelled as declared.
    #[must_use]
    pub fn choice(&self, option: &OptionDef) -> Option<&'static str> {
        let Kind::Choice(choices) = option.kind else {
            return None;
        };
        self.convert(option, |value| {
            let text = convert::to_text(value);
            choices.iter().copied().find(|c| c.eq_ignore_ascii_case(&text)).ok_or_else(|| {
                let near = nearest(&text, choices.iter().copied());
                let hint = near.map(|n| format!(" (did you mean \"{n}\"?)")).unwrap_or_default();
                format!(
                    "{} is not allowed here; allowed: {}{hint}",
                    convert::shown(value),
                    choices.join(", ")
                )
            })
        })
    }

    /// List.
    #[must_use]
    pub fn list(&self, option: &OptionDef) -> Option<Vec<Tree>> {
        self.convert(option, convert::to_list)
    }

    /// List of texts.
    #[must_use]
    pub fn texts(&self, option: &OptionDef) -> Option<Vec<String>> {
        self.list(option).map(|list| list.iter().map(convert::to_text).collect())
    }

    /// Object.
    #[must_use]
    pub fn object(&self, option: &OptionDef) -> Option<Map> {
        self.convert(option, convert::to_map)
    }

    /// Notes a warning for each key of this block that none of `known` declares (nor an object that holds a
    /// declared dotted key), with the nearest declared name.
    pub fn warn_unknown(&self, known: &[&[OptionDef]]) {
        let names = || {
            known
                .iter()
                .flat_map(|group| group.iter())
                .flat_map(|o| std::iter::once(&o.key).chain(o.fallbacks))
        };
        for key in self.map.keys() {
            let declared = names().any(|name| {
                name == key || name.strip_prefix(key.as_str()).is_some_and(|rest| rest.starts_with('.'))
            });
            if !declared {
                let mut problem =
                    Problem::new(self.path_of(key), "is not an option of this plug-in; it is ignored");
                if let Some(near) = nearest(key, names().copied()) {
                    problem = problem.hint(format!("did you mean \"{near}\"?"));
                }
                self.problems.warning(problem);
            }
        }
    }

    /// The job language cuts the fraction of a number that should be whole; nobody means that.
    fn warn_cut(&self, option: &OptionDef, taken: i64) {
        if let Some((key, value)) = self.given(option)
            && convert::to_double(value).is_ok_and(|number| number.fract() != 0.0)
        {
            self.warn(
                key,
                format!("{} counts as {taken}: only whole numbers are allowed", convert::shown(value)),
            );
        }
    }

    fn convert<T>(&self, option: &OptionDef, to: impl Fn(&Tree) -> Result<T, String>) -> Option<T> {
        match self.given(option) {
            Some((key, value)) => match to(value) {
                Ok(value) => Some(value),
                Err(message) => {
                    self.error(key, message);
                    None
                }
            },
            None if option.required => {
                self.error(option.key, format!("is required ({})", option.about));
                None
            }
            None => option.default.and_then(|default| to(&Tree::text(default)).ok()),
        }
    }
}

fn lookup<'t>(map: &'t Map, key: &str) -> Option<&'t Tree> {
    let given = |value: &'t Tree| Some(value).filter(|v| !matches!(v, Tree::Null));
    if let Some(value) = map.get(key) {
        return given(value);
    }
    let (first, rest) = key.split_once('.')?;
    let mut value = map.get(first)?;
    for part in rest.split('.') {
        value = value.as_map()?.get(part)?;
    }
    given(value)
}
