//! A parsed job: blocks in file order, variables filled in, secrets decoded or wrapped.

use super::shade::{Shade, block_path};
use crate::model::Problem;
use crate::options::{Map, Tree};

/// What a job is called when nothing names it.
const DEFAULT_NAME: &str = "SeaTunnel_Job";

/// One plug-in block.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Name of the plug-in as typed.
    pub plugin: String,
    /// Its options without `plugin_name`, in the order of the text.
    pub options: Map,
    /// Where it stands: `source[0].FakeSource`.
    pub path: String,
}

/// A parsed job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobSpec {
    /// `env`, flat keys as typed.
    pub env: Map,
    /// Sources, in file order; never empty.
    pub sources: Vec<Block>,
    /// Transforms, in file order.
    pub transforms: Vec<Block>,
    /// Sinks, in file order; never empty.
    pub sinks: Vec<Block>,
}

impl JobSpec {
    /// The job's effective name: `requested` unless it is empty or one of the two names that mean "not set", else
    /// `job.name` of `env`, else `SeaTunnel_Job`.
    #[must_use]
    pub fn name_of(&self, requested: Option<&str>) -> String {
        let requested = requested.filter(|name| !["", "SeaTunnel", DEFAULT_NAME].contains(name));
        if let Some(name) = requested {
            return name.to_owned();
        }
        let nested = || self.env.get("job").and_then(Tree::as_map).and_then(|job| job.get("name"));
        match self.env.get("job.name").or_else(nested) {
            None | Some(Tree::Null) => DEFAULT_NAME.to_owned(),
            Some(Tree::Text(name)) => name.clone(),
            Some(other) => other.to_json(),
        }
    }
}

/// The job that `tree` describes: `env` (may be missing), `source` and `sink` (one plug-in at least), `transform`;
/// every other key is ignored. Shaded options are decoded.
///
/// # Errors
/// Everything that is wrong at once, each with its path.
pub fn job_spec(tree: &Tree, shade: &Shade) -> Result<JobSpec, Vec<Problem>> {
    let mut problems = Vec::new();
    let decoded = shade.decrypt(tree);
    let root = match &decoded {
        Ok(Tree::Map(root)) => root.clone(),
        Ok(_) => Map::new(),
        Err(found) => {
            problems.extend(found.iter().cloned());
            tree.as_map().cloned().unwrap_or_default()
        }
    };
    let sources = blocks(&root, "source", &mut problems);
    let transforms = blocks(&root, "transform", &mut problems);
    let sinks = blocks(&root, "sink", &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let env = root.get("env").and_then(Tree::as_map).cloned().unwrap_or_default();
    Ok(JobSpec { env, sources, transforms, sinks })
}

/// What is wrong with the top level of a job, apart from its transforms.
pub fn check_roots(tree: &Tree) -> Vec<Problem> {
    let Some(root) = tree.as_map() else {
        return vec![Problem::new("", format!("a job must be an object, not {}", tree.kind()))];
    };
    let mut problems = Vec::new();
    if let Some(env) = root.get("env")
        && !matches!(env, Tree::Map(_) | Tree::Null)
    {
        problems.push(Problem::new("env", format!("must be an object, not {}", env.kind())));
    }
    for (role, title) in [("source", "Source"), ("sink", "Sink")] {
        let list = match root.get(role) {
            Some(Tree::List(list)) if !list.is_empty() => list,
            other => {
                let mut problem =
                    Problem::new("", format!("Miss <{title}> config! Please check the config file."));
                if let Some(
                    given @ (Tree::Map(_) | Tree::Bool(_) | Tree::Int(_) | Tree::Double(_) | Tree::Text(_)),
                ) = other
                {
                    problem =
                        problem.hint(format!("{role} must be a list of plug-ins, given is {}", given.kind()));
                } else if other.is_none()
                    && let Some(near) = root.keys().find(|key| key.eq_ignore_ascii_case(role))
                {
                    problem = problem.hint(format!("keys are case-sensitive: \"{near}\" is not \"{role}\""));
                } else if other.is_none()
                    && let Some((key, name)) = root
                        .keys()
                        .find_map(|key| Some((key, key.strip_prefix(role)?.strip_prefix([' ', '.'])?)))
                {
                    problem =
                        problem.hint(format!("\"{key}\" is one key; write {role} {{ {name} {{ … }} }}"));
                }
                problems.push(problem);
                continue;
            }
        };
        for (index, block) in list.iter().enumerate() {
            if !matches!(block, Tree::Map(_)) {
                let message = format!("must be a block of options, not {}", block.kind());
                problems.push(Problem::new(format!("{role}[{index}]"), message));
            }
        }
    }
    problems
}

/// The blocks of one role. What [`check_roots`] says is not said again.
fn blocks(root: &Map, role: &str, problems: &mut Vec<Problem>) -> Vec<Block> {
    let list = match root.get(role) {
        Some(Tree::List(list)) => list,
        None | Some(Tree::Null) => return Vec::new(),
        Some(other) => {
            if role == "transform" {
                let message = format!("must be a list of plug-ins, not {}", other.kind());
                problems.push(Problem::new(role, message));
            }
            return Vec::new();
        }
    };
    let mut blocks = Vec::with_capacity(list.len());
    for (index, element) in list.iter().enumerate() {
        let Tree::Map(block) = element else {
            if role == "transform" {
                let message = format!("must be a block of options, not {}", element.kind());
                problems.push(Problem::new(format!("{role}[{index}]"), message));
            }
            continue;
        };
        let path = block_path(role, index, block);
        match block.get("plugin_name") {
            Some(Tree::Text(name)) if !name.trim().is_empty() => {
                let mut options = block.clone();
                options.shift_remove("plugin_name");
                blocks.push(Block { plugin: name.clone(), options, path });
            }
            None | Some(Tree::Null) => {
                let message = "The 'plugin_name' option is not configured, please configure it.";
                problems.push(Problem::new(path, message));
            }
            Some(other) => {
                let message = format!("must be the name of a plug-in, given is {}", other.to_json());
                problems.push(Problem::new(format!("{role}[{index}].plugin_name"), message));
            }
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{JsonMode, parse_json};

    fn spec(text: &str) -> Result<JobSpec, Vec<String>> {
        let tree = parse_json(text.as_bytes(), JsonMode::Strict, "").unwrap();
        job_spec(&tree, &Shade::default())
            .map_err(|problems| problems.iter().map(Problem::to_string).collect())
    }

    #[test]
    fn blocks_in_order() {
        let spec = spec(
            r#"{"env": {"job.name": "n"}, "x": [1],
                "source": [{"z": 1, "plugin_name": "A", "a": 2}, {"plugin_name": "A"}],
                "transform": null, "sink": [{"plugin_name": "B"}]}"#,
        )
        .unwrap();
        assert_eq!(spec.sources.len(), 2);
        assert_eq!(spec.sources[0].path, "source[0].A");
        assert_eq!(spec.sources[0].options.keys().collect::<Vec<_>>(), ["z", "a"]);
        assert_eq!(spec.sinks[0].plugin, "B");
        assert!(spec.transforms.is_empty());
    }

    #[test]
    fn all_problems_at_once() {
        let problems =
            spec(r#"{"env": 5, "Source": [], "sink": [], "transform": [1, {}, {"plugin_name": 5}]}"#);
        assert_eq!(
            problems.unwrap_err(),
            [
                "env: must be an object, not an integer",
                "Miss <Source> config! Please check the config file. (keys are case-sensitive: \"Source\" is not \"source\")",
                "Miss <Sink> config! Please check the config file.",
                "transform[0]: must be a block of options, not an integer",
                "transform[1]: The 'plugin_name' option is not configured, please configure it.",
                "transform[2].plugin_name: must be the name of a plug-in, given is 5",
            ]
        );
        assert_eq!(
            spec(r#"{"source": {"A": {}}, "sink": ["B"], "transform": "t"}"#).unwrap_err(),
            [
                "Miss <Source> config! Please check the config file. (source must be a list of plug-ins, given is an object)",
                "sink[0]: must be a block of options, not a text",
                "transform: must be a list of plug-ins, not a text",
            ]
        );
    }

    #[test]
    fn names() {
        let named = |env: &str| {
            spec(&format!(
                r#"{{"env": {env}, "source": [{{"plugin_name": "A"}}], "sink": [{{"plugin_name": "B"}}]}}"#
            ))
            .unwrap()
        };
        for (env, requested, wanted) in [
            ("{}", None, "SeaTunnel_Job"),
            (r#"{"job.name": "e"}"#, None, "e"),
            (r#"{"job": {"name": "e"}}"#, None, "e"),
            (r#"{"job.name": 5}"#, None, "5"),
            (r#"{"job.name": null}"#, Some(""), "SeaTunnel_Job"),
            (r#"{"job.name": "e"}"#, Some("r"), "r"),
            (r#"{"job.name": "e"}"#, Some(""), "e"),
            (r#"{"job.name": "e"}"#, Some("SeaTunnel"), "e"),
            (r#"{"job.name": "e"}"#, Some("SeaTunnel_Job"), "e"),
            ("null", Some("r"), "r"),
        ] {
            assert_eq!(named(env).name_of(requested), wanted, "{env} {requested:?}");
        }
    }
}
