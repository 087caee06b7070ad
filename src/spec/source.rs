//! The way in: a job's text → a tree with everything filled in.

use super::encoding::decode_lossy;
use super::hocon::{self, Dialect, Document, Files, Includes};
use super::{sql_job, variables};
use crate::model::{Problem, TextFormat};
use crate::options::Tree;
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;

/// A job's text.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Its bytes.
    pub text: &'a [u8],
    /// Its syntax.
    pub format: TextFormat,
    /// Its name in problems (`job.conf`); may be empty.
    pub name: &'a str,
}

/// What a text may see beside itself.
#[derive(Clone, Debug)]
pub enum Resolve {
    /// A text that came over the network: no includes; `${X}` from the text, from the variables of the environment
    /// in `env_allow`, from `variables`. Texts in quotes stay as they are, unless there are variables.
    Rest {
        /// Variables of the request.
        variables: Vec<(String, String)>,
        /// Names of environment variables that texts may see.
        env_allow: Vec<String>,
    },
    /// A file of the user who runs this program: may include files and see the environment. `"${x:default}"` is
    /// filled in even without variables.
    CommandLine {
        /// Variables (`-i name=value`).
        variables: Vec<(String, String)>,
        /// Where the file lies: `include "…"` is relative to it.
        dir: PathBuf,
    },
}

/// The process that a text is read in.
pub struct Environment {
    variables: Option<HashMap<String, String>>,
    working_dir: PathBuf,
}

impl Environment {
    /// This process.
    #[must_use]
    pub fn process() -> Self {
        Self { variables: None, working_dir: PathBuf::new() }
    }

    /// One with these variables; `include file("…")` is relative to `working_dir`.
    #[must_use]
    pub fn of(variables: HashMap<String, String>, working_dir: PathBuf) -> Self {
        Self { variables: Some(variables), working_dir }
    }

    fn variable(&self, name: &str) -> Option<String> {
        match &self.variables {
            Some(variables) => variables.get(name).cloned(),
            // a name with `=` or NUL in it can't be one, and must not be asked for
            None if name.is_empty() || name.contains(['=', '\0']) => None,
            None => std::env::var(name).ok(),
        }
    }
}

/// Parses a text and fills in references and variables, in this process.
///
/// # Errors
/// The first syntax error, or all references that are not defined; each with line and column.
pub fn parse_tree(source: &Source<'_>, how: &Resolve) -> Result<Tree, Vec<Problem>> {
    parse_tree_in(source, how, &Environment::process())
}

/// Parses a text and fills in references and variables. Bytes that are no UTF-8 become U+FFFD
/// ([`no_utf8`](super::no_utf8) tells of them).
///
/// A JSON text holds no references. A reference to what nothing defines is a problem; `${?x}` then leaves its key
/// out. What the text itself defines comes before the environment, and that before the variables.
///
/// # Errors
/// The first syntax error, or all references that are not defined; each with line and column.
pub fn parse_tree_in(
    source: &Source<'_>,
    how: &Resolve,
    environment: &Environment,
) -> Result<Tree, Vec<Problem>> {
    let variables = match how {
        Resolve::Rest { variables, .. } | Resolve::CommandLine { variables, .. } => variables,
    };
    variables::check_names(variables)?;
    let outside = |name: &str| -> Option<String> {
        let allowed = match how {
            Resolve::Rest { env_allow, .. } => env_allow.iter().any(|allowed| allowed == name),
            Resolve::CommandLine { .. } => true,
        };
        let from_environment = if allowed { environment.variable(name) } else { None };
        from_environment.or_else(|| variables::value_of(variables, name).map(str::to_owned))
    };
    let document = parsed(source, how, environment, false)?;
    let mut tree = filled(&document, &outside)?;
    let literal = matches!(how, Resolve::Rest { variables, .. } if variables.is_empty());
    if !literal {
        variables::fill(&mut tree, variables);
    }
    Ok(tree)
}

/// The files that a text includes and that don't exist. What is wrong with the text is not said here.
#[must_use]
pub fn missing_includes(source: &Source<'_>, how: &Resolve) -> Vec<Problem> {
    let source = Source { name: "", ..*source };
    parsed(&source, how, &Environment::process(), false)
        .map_or_else(|_| Vec::new(), |document| document.missing)
}

/// Adds line and column to problems of a text that can be parsed, by parsing it once more: where nothing is wrong,
/// nobody pays for places.
pub fn locate(source: &Source<'_>, how: &Resolve, problems: &mut [Problem]) {
    if problems.iter().all(|problem| problem.place.is_some() || problem.path.is_empty()) {
        return;
    }
    // Of its own text a user need not be told the name.
    let source = Source { name: "", ..*source };
    let Ok(document) = parsed(&source, how, &Environment::process(), true) else {
        return;
    };
    for problem in problems.iter_mut().filter(|problem| problem.place.is_none()) {
        let mark = document.keys.as_ref().and_then(|keys| keys.find(&problem.path));
        problem.place = mark.and_then(|mark| document.files.place(mark));
    }
}

/// The text with its references, as it is written.
fn parsed(
    source: &Source<'_>,
    how: &Resolve,
    environment: &Environment,
    keys: bool,
) -> Result<Document, Vec<Problem>> {
    let (includes, json) = match how {
        Resolve::Rest { .. } => (Includes::Refused, Dialect::JsonBody),
        Resolve::CommandLine { dir, .. } => {
            let working = environment.working_dir.clone();
            (Includes::Allowed { beside: dir.clone(), working }, Dialect::JsonFile)
        }
    };
    let text: Rc<str> = decode_lossy(source.text).into();
    match source.format {
        TextFormat::Json => document(text, source.name, json, &includes, keys),
        TextFormat::Hocon => document(text, source.name, Dialect::Hocon, &includes, keys),
        TextFormat::Sql => sql_job::document(&text, source.name, &includes, keys),
    }
}

/// Parses a text that stands for itself.
pub fn document(
    text: Rc<str>,
    name: &str,
    dialect: Dialect,
    includes: &Includes,
    keys: bool,
) -> Result<Document, Vec<Problem>> {
    let mut files = Files::default();
    files.add(name, text.clone());
    hocon::parse(text, files, dialect, includes, keys).map_err(|problem| vec![*problem])
}

/// The tree of `document` with its references filled in.
pub fn filled(document: &Document, outside: hocon::Lookup<'_>) -> Result<Tree, Vec<Problem>> {
    let resolved =
        hocon::resolve(&document.root, &document.files, outside).map_err(|problem| vec![*problem])?;
    let mut problems = Vec::new();
    let tree = hocon::to_tree(resolved, &mut problems);
    problems.dedup();
    if problems.is_empty() { Ok(tree) } else { Err(problems) }
}

/// The text of `bytes`.
pub fn utf8(bytes: &[u8]) -> Result<String, Problem> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let offset = error.valid_up_to();
            let message = format!("the text is no UTF-8: byte {offset} is 0x{:02x}", bytes[offset]);
            Err(Problem::new(format!("byte {offset}"), message))
        }
    }
}
