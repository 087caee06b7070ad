//! A job's text, from a file or standard input.

use super::examine;
use crate::model::{Problem, TextFormat};
use crate::options::Tree;
use crate::spec::{self, JsonMode, Resolve, Source};
use std::io::Read;
use std::path::{Path, PathBuf};

/// A job's text, as it was given.
#[derive(Clone, Debug)]
pub struct JobText {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// By the file's name: `.json` (or asked for) is JSON, `.sql` SQL, anything else HOCON.
    pub format: TextFormat,
    /// For errors.
    pub name: String,
    /// Where includes are looked for.
    dir: PathBuf,
    /// Whether it was asked to be JSON to the letter.
    strict: bool,
}

impl JobText {
    /// Reads a file; `json` takes it as strict JSON whatever its name.
    ///
    /// # Errors
    /// One problem: the file can't be read.
    pub fn read(path: &Path, json: bool) -> Result<Self, Vec<Problem>> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path)
            .map_err(|error| vec![Problem::new("", format!("{name} can't be read: {error}"))])?;
        let format = if json { TextFormat::Json } else { TextFormat::of_file_name(&name) };
        let dir = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok(Self { bytes, format, name, dir, strict: json })
    }

    /// Reads standard input.
    ///
    /// # Errors
    /// One problem: it can't be read.
    pub fn from_stdin(json: bool) -> Result<Self, Vec<Problem>> {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map_err(|error| vec![Problem::new("", format!("standard input can't be read: {error}"))])?;
        let format = if json { TextFormat::Json } else { TextFormat::Hocon };
        Ok(Self { bytes, format, name: "standard input".to_owned(), dir: PathBuf::new(), strict: json })
    }

    /// What is odd about its text: bytes that are no UTF-8, files that it includes and that don't exist.
    #[must_use]
    pub fn oddities(&self) -> Vec<Problem> {
        let mut odd: Vec<Problem> = spec::no_utf8(&self.bytes).into_iter().collect();
        if !self.strict {
            odd.extend(spec::missing_includes(&self.source(), &self.resolve(Vec::new())));
        }
        odd
    }

    /// How `POST /submit-job` would read it otherwise than `tree`, which the command line made of it.
    #[must_use]
    pub fn over_rest(&self, variables: &[String], tree: &Tree) -> Option<Problem> {
        let variables = spec::variables(variables).ok().filter(|_| !self.strict)?;
        let how = Resolve::Rest { variables, env_allow: Vec::new() };
        let message = match spec::parse_tree(&Source { name: "", ..self.source() }, &how) {
            Err(problems) => format!("POST /submit-job refuses this text: {}", problems.first()?),
            Ok(there) => {
                let json = |tree: &Tree| serde_json::to_string(tree).unwrap_or_default();
                let changed = spec::changes(&json(tree), &json(&there));
                if changed.is_empty() {
                    return None;
                }
                let what = "without the environment, and without defaults unless it has variables";
                format!("POST /submit-job reads this text {what}; other values are at {}", changed.join(", "))
            }
        };
        Some(Problem::new("", message))
    }

    fn source(&self) -> Source<'_> {
        Source { text: &self.bytes, format: self.format, name: &self.name }
    }

    fn resolve(&self, variables: Vec<(String, String)>) -> Resolve {
        Resolve::CommandLine { variables, dir: self.dir.clone() }
    }

    /// Parses it, with includes, variables (`-i`) and the environment of this process.
    ///
    /// # Errors
    /// Every problem, with line and column.
    pub fn parse(&self, variables: &[String]) -> Result<Tree, Vec<Problem>> {
        if self.strict {
            return spec::parse_json(&self.bytes, JsonMode::Strict, &self.name);
        }
        let variables = spec::variables(variables).map_err(|problem| vec![problem])?;
        spec::parse_tree(&self.source(), &self.resolve(variables))
    }

    /// Adds line and column to problems of this text.
    pub fn locate(&self, variables: &[String], problems: &mut [Problem]) {
        // What is wrong with the variables was said when they were parsed.
        let Ok(variables) = spec::variables(variables) else { return };
        spec::locate(&self.source(), &self.resolve(variables), problems);
    }
}

/// A job whose text can be read, and which its plug-ins take.
#[derive(Clone, Debug)]
pub struct CheckedJob {
    /// Its text.
    pub text: JobText,
    /// The text, parsed.
    pub tree: Tree,
}

impl CheckedJob {
    /// Reads a file. Starts a runtime of its own for discovery: not to be called within another one.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(file: &Path) -> Result<Self, Vec<Problem>> {
        let text = JobText::read(file, false)?;
        let examined = examine(&text, &[], false)
            .map_err(|error| vec![Problem::new("", format!("the job can't be checked: {error}"))])?;
        match examined.tree {
            Some(tree) if examined.errors.is_empty() => Ok(Self { text, tree }),
            _ => Err(examined.errors),
        }
    }
}
