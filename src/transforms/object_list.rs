//! Options that are lists of objects: each is read as a block of its own, problems at `columns[1].path`.

use crate::options::{OptionDef, Options, Tree};

/// Reads a list of objects; what `read` can't use it must note.
pub(super) fn read_list<T>(
    options: &Options<'_>,
    option: &OptionDef,
    read: impl Fn(&Options<'_>) -> Option<T>,
) -> Vec<T> {
    let list = options.list(option).unwrap_or_default();
    let items = list.iter().enumerate().filter_map(|(index, item)| {
        let key = format!("{}[{index}]", option.key);
        match item {
            Tree::Map(map) => read(&Options::new(map, options.path_of(&key), options.problems())),
            other => {
                options.error(&key, format!("{} is not an object", other.kind()));
                None
            }
        }
    });
    items.collect()
}
