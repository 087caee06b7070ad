//! The functions of SQL, in groups. A new one is an entry in its group's `FUNCTIONS`.

mod arguments;

use super::function::Function;

/// All groups.
const GROUPS: &[&[Function]] = &[];

/// The function of that name, in any letter case.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    all().find(|function| function.names.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

/// All functions.
pub(super) fn all() -> impl Iterator<Item = &'static Function> {
    GROUPS.iter().flat_map(|group| group.iter())
}
