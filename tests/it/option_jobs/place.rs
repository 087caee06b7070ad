//! Where an option stands: `source[0].FakeSource.schema.columns[1].name` in a job, and in the declarations.

use seikan::options::{Map, OptionDef, Tree};
use seikan::plan::{ENV_OPTIONS, SINK_OPTIONS, SOURCE_OPTIONS, TRANSFORM_OPTIONS};
use seikan::plugin::Registry;

/// Takes the option out of the job; whether it was there.
pub fn remove(job: &mut Tree, path: &str) -> bool {
    let Tree::Map(root) = job else { return false };
    if path.starts_with("env.") {
        return remove_from(root, path);
    }
    let Some((role, index, plugin, key)) = block(path) else { return false };
    let Some(Tree::List(blocks)) = root.get_mut(role) else { return false };
    match blocks.get_mut(index) {
        Some(Tree::Map(options)) if options.get("plugin_name").and_then(Tree::as_text) == Some(plugin) => {
            remove_from(options, key)
        }
        _ => false,
    }
}

/// `source[0].FakeSource.row.num`: role, index, plug-in, key.
fn block(path: &str) -> Option<(&str, usize, &str, &str)> {
    let (role, rest) = path.split_once('[')?;
    let (index, rest) = rest.split_once("].")?;
    let (plugin, key) = rest.split_once('.')?;
    Some((role, index.parse().ok()?, plugin, key))
}

/// A key may be written flat (`"row.num"`) or as objects, or partly so.
fn remove_from(map: &mut Map, path: &str) -> bool {
    map.shift_remove(path).is_some()
        || map.iter_mut().any(|(key, value)| match (path.strip_prefix(key.as_str()), value) {
            (Some(rest), Tree::Map(inner)) => {
                rest.strip_prefix('.').is_some_and(|path| remove_from(inner, path))
            }
            (Some(rest), Tree::List(list)) => {
                match element(rest).and_then(|(at, path)| Some((list.get_mut(at)?, path))) {
                    Some((Tree::Map(inner), path)) => remove_from(inner, path),
                    _ => false,
                }
            }
            _ => false,
        })
}

/// `[1].name`: 1 and `name`.
fn element(text: &str) -> Option<(usize, &str)> {
    let (index, path) = text.strip_prefix('[')?.split_once("].")?;
    Some((index.parse().ok()?, path))
}

/// Options with one owner: a plug-in, `env`, or all plug-ins of a role.
pub struct Owner {
    /// `source FakeSource`, `every sink`, `env`.
    pub name: String,
    /// What it takes.
    pub options: &'static [OptionDef],
}

/// Every owner, in the order of the documentation.
pub fn owners(registry: &Registry) -> Vec<Owner> {
    let owner = |name: String, options| Owner { name, options };
    let mut sources: Vec<Owner> =
        registry.sources.iter().map(|f| owner(format!("source {}", f.name()), f.options())).collect();
    let mut transforms: Vec<Owner> =
        registry.transforms.iter().map(|f| owner(format!("transform {}", f.name()), f.options())).collect();
    let mut sinks: Vec<Owner> =
        registry.sinks.iter().map(|f| owner(format!("sink {}", f.name()), f.options())).collect();
    for group in [&mut sources, &mut transforms, &mut sinks] {
        group.sort_by(|a, b| a.name.cmp(&b.name));
    }
    let common = [
        owner("env".to_owned(), ENV_OPTIONS),
        owner("every source".to_owned(), SOURCE_OPTIONS),
        owner("every transform".to_owned(), TRANSFORM_OPTIONS),
        owner("every sink".to_owned(), SINK_OPTIONS),
    ];
    common.into_iter().chain(sources).chain(transforms).chain(sinks).collect()
}

/// The owner's name, the option's place in its declarations, and its declaration. A plug-in's own options come before
/// those that all have.
pub fn owned(owners: &[Owner], path: &str) -> Option<(String, String, OptionDef)> {
    let (own, common, key) = match path.strip_prefix("env.") {
        Some(key) => ("env".to_owned(), None, key),
        None => {
            let (role, _, plugin, key) = block(path)?;
            (format!("{role} {plugin}"), Some(format!("every {role}")), key)
        }
    };
    let find = |name: String| {
        let options = owners.iter().find(|owner| owner.name == name)?.options;
        declared(options, key).map(|(place, option)| (name, place, option))
    };
    find(own).or_else(|| find(common?))
}

/// The place of `path` in the declarations (`schema.columns[].name`), and the declaration.
pub fn declared(options: &[OptionDef], path: &str) -> Option<(String, OptionDef)> {
    options.iter().find_map(|option| {
        spellings(option).find_map(|spelling| match path.strip_prefix(spelling)? {
            "" => Some((spelling.to_owned(), *option)),
            rest => {
                let (mark, rest) = match element(rest) {
                    Some((_, rest)) => ("[]", rest),
                    None => ("", rest.strip_prefix('.')?),
                };
                let (inner, option) = declared(option.of, rest)?;
                Some((format!("{spelling}{mark}.{inner}"), option))
            }
        })
    })
}

/// An option's key, and its older spellings.
pub fn spellings(option: &OptionDef) -> impl Iterator<Item = &'static str> {
    std::iter::once(option.key).chain(option.fallbacks.iter().copied())
}

#[test]
fn options_are_found_in_jobs_and_declarations() {
    let text = r#"{"env": {"job.name": "a"}, "source": [{"plugin_name": "FakeSource", "row": {"num": 1}, "split.num": 2,
        "schema": {"columns": [{"name": "a", "type": "int"}]}}]}"#;
    let job: Tree = serde_json::from_str(text).unwrap();
    let owners = owners(&seikan::app::registry());
    for (path, owner, place) in [
        ("env.job.name", "env", "job.name"),
        ("source[0].FakeSource.row.num", "source FakeSource", "row.num"),
        ("source[0].FakeSource.split.num", "source FakeSource", "split.num"),
        ("source[0].FakeSource.schema.columns[0].type", "source FakeSource", "schema.columns[].type"),
    ] {
        let mut changed = job.clone();
        assert!(remove(&mut changed, path) && changed != job, "{path}");
        assert!(!remove(&mut changed, path), "{path} is gone");
        let (found, at, _) = owned(&owners, path).unwrap();
        assert_eq!((&*found, &*at), (owner, place));
    }
    for path in [
        "env.job",
        "source[0].FakeSource.rows[0].colour",
        "source[0].Fake.row.num",
        "source[0].FakeSource.row",
    ] {
        assert!(owned(&owners, path).is_none(), "{path}");
    }
    for path in [
        "source[1].FakeSource.row.num",
        "source[0].Console.row.num",
        "source[0].FakeSource.schema.columns[1].type",
    ] {
        assert!(!remove(&mut job.clone(), path), "{path}");
    }
    let (owner, ..) = owned(&owners, "source[0].FakeSource.plugin_output").unwrap();
    assert_eq!(owner, "every source");
}
