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

    /// What is odd about its bytes.
    #[must_use]
    pub fn oddities(&self) -> Option<Problem> {
        spec::no_utf8(&self.bytes)
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
        let source = Source { text: &self.bytes, format: self.format, name: &self.name };
        spec::parse_tree(&source, &Resolve::CommandLine { variables, dir: self.dir.clone() })
    }
}

impl JobText {
    /// Adds line and column to problems of this text.
    pub fn locate(&self, variables: &[String], problems: &mut [Problem]) {
        // What is wrong with the variables was said when they were parsed.
        let Ok(variables) = spec::variables(variables) else { return };
        let source = Source { text: &self.bytes, format: self.format, name: &self.name };
        let how = Resolve::CommandLine { variables, dir: self.dir.clone() };
        spec::locate(&source, &how, problems);
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
