//! The jobs of groups A (reading) and B (writing) that were run on the Java engine.

use super::driver::{Broken, fake, read, runtime, write};
use crate::options::{Map, Tree};
use base64::Engine;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// What is wanted of one line instead of the engine's result: the sane result that its `bug` names, or another one for
/// a reason.
fn wanted_otherwise() -> HashMap<u64, Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let texts = [read("values-sane.jsonl"), read("values-differences.jsonl")];
    let lines = texts.iter().flat_map(|text| text.lines());
    let lines = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| (line["n"].as_u64().unwrap(), line["wanted"].clone())).collect()
}

struct Case {
    dir: tempfile::TempDir,
    line: Value,
}

impl Case {
    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Puts the input files in place.
    fn fill(&self) {
        std::fs::create_dir_all(self.path("in")).unwrap();
        let source = &self.line["job"]["source"][0];
        let Some(input) = self.line.get("input").filter(|_| source.to_string().contains("{IN}")) else {
            return;
        };
        let format = source["file_format_type"].as_str().unwrap_or("txt");
        let single = format!("data.{}", if format == "text" { "txt" } else { format });
        let files: Vec<(String, &Value)> = match input {
            Value::Object(map) if !map.contains_key("base64") => {
                map.iter().map(|(k, v)| (k.clone(), v)).collect()
            }
            one => vec![(single, one)],
        };
        for (name, content) in files {
            let path = self.path("in").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let bytes = match content {
                Value::Object(map) => {
                    let text = map["base64"].as_str().unwrap();
                    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
                }
                text => text.as_str().unwrap().as_bytes().to_vec(),
            };
            std::fs::write(path, bytes).unwrap();
        }
    }

    fn tree(&self, value: &Value) -> Map {
        let root = self.dir.path().display();
        let mut text = serde_json::to_string(value).unwrap();
        if let Some(input) = self.line.get("input") {
            text = text.replace("\"{INPUT}\"", &input.to_string());
        }
        for (mark, dir) in [("{IN}", "in"), ("{OUT}", "out"), ("{TMP}", "tmp")] {
            text = text.replace(mark, &format!("{root}/{dir}"));
        }
        serde_json::from_str::<Tree>(&text).unwrap().as_map().unwrap().clone()
    }

    async fn run(&self) -> Result<(), Broken> {
        let blocks = |key: &str| self.line["job"][key].as_array().cloned().unwrap_or_default();
        let mut inputs = Vec::new();
        let mut writers = self.line["job"]["env"]["parallelism"].as_u64().unwrap_or(1) as usize;
        for block in blocks("source") {
            let map = self.tree(&block);
            let id = block["result_table_name"].as_str().map(str::to_owned);
            writers = block["parallelism"].as_u64().map_or(writers, |p| p as usize);
            let mut rows = match block["plugin_name"].as_str() {
                Some("LocalFile") => read(&map).await?,
                _ => fake(&map)?,
            };
            // each split gives all rows
            rows.1 = vec![rows.1; block["split.num"].as_u64().unwrap_or(1) as usize].concat();
            inputs.push((id, rows));
        }
        for block in blocks("sink") {
            let wanted: Vec<String> = match &block["source_table_name"] {
                Value::String(id) => vec![id.clone()],
                Value::Array(ids) => ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect(),
                _ => vec![],
            };
            let (mut tables, mut batches) = (Vec::new(), Vec::new());
            for (id, (more_tables, more)) in &inputs {
                if wanted.is_empty() || id.as_ref().is_some_and(|id| wanted.contains(id)) {
                    tables.extend(more_tables.clone());
                    batches.extend(more.clone());
                }
            }
            let mut map = self.tree(&block);
            map.entry("tmp_path".into()).or_insert(Tree::text(self.path("tmp").display().to_string()));
            write(&map, &tables, &batches, writers).await?;
        }
        Ok(())
    }

    /// Files below `out`, by masked name.
    fn written(&self) -> Vec<(String, Vec<u8>)> {
        let out = self.path("out");
        let mut files: Vec<(String, Vec<u8>)> = walkdir::WalkDir::new(&out)
            .into_iter()
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_file())
            .map(|entry| {
                let name = entry.path().strip_prefix(&out).unwrap().to_str().unwrap().to_owned();
                (self.masked(&name), std::fs::read(entry.path()).unwrap())
            })
            .collect();
        files.sort();
        files
    }

    fn masked(&self, name: &str) -> String {
        let transaction = regex::Regex::new("T_77_[0-9a-f]{10}_").unwrap();
        let uuid = regex::Regex::new("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").unwrap();
        let mut name = transaction.replace_all(name, "T_{jobId}_{hex10}_").into_owned();
        name = uuid.replace_all(&name, "{uuid}").into_owned();
        if self.line.get("mask").is_some() || self.line["topic"].as_str().unwrap().contains("time_format") {
            let now = regex::Regex::new("(_1_|a_)([0-9][0-9.T-]{7,})(_[0-9]+[.])").unwrap();
            name = now
                .replace_all(&name, |found: &regex::Captures<'_>| {
                    let digits = regex::Regex::new("[0-9]").unwrap().replace_all(&found[2], "9").into_owned();
                    format!("{}{digits}{}", &found[1], &found[3])
                })
                .into_owned();
        }
        name
    }

    fn leftovers(&self) -> Vec<String> {
        let walk = walkdir::WalkDir::new(self.path("tmp")).min_depth(1).into_iter().filter_map(Result::ok);
        let hidden = walkdir::WalkDir::new(self.path("out")).into_iter().filter_map(Result::ok);
        walk.chain(hidden.filter(|entry| entry.path().to_string_lossy().contains(".seikan")))
            .map(|entry| entry.path().display().to_string())
            .collect()
    }

    /// What `output` shows.
    fn output(&self) -> Value {
        let files = self.written();
        let text = |bytes: &[u8]| match std::str::from_utf8(bytes) {
            Ok(text) if self.line["output"].get("base64").is_none() => Value::from(text),
            Err(_) if self.line["output"].is_string() => Value::from(String::from_utf8_lossy(bytes)),
            _ => json!({ "base64": base64::engine::general_purpose::STANDARD.encode(bytes) }),
        };
        match self.line["look"].as_str() {
            Some("files") => {
                let show = |name: &str, bytes: &[u8]| match name.ends_with(".parquet") {
                    true => json!({ "bytes": true }),
                    false => text(bytes),
                };
                json!(files.iter().map(|(name, bytes)| json!([name, show(name, bytes)])).collect::<Vec<_>>())
            }
            Some("lines") => {
                let mut lines: Vec<String> = files
                    .iter()
                    .flat_map(|(_, bytes)| {
                        String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect::<Vec<_>>()
                    })
                    .collect();
                lines.sort();
                json!(lines)
            }
            Some("parquet") => parquet_output(&self.path("out")),
            _ if files.is_empty() => Value::Null,
            _ => text(&files.iter().map(|(_, bytes)| bytes.as_slice()).collect::<Vec<_>>().join(&b'\n')),
        }
    }

    /// What the line wants in the same shape.
    fn wanted(&self) -> Value {
        let output = self.line.get("output").cloned().unwrap_or(Value::Null);
        match self.line["look"].as_str() {
            Some("files") => json!(
                output["files"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter(|file| !file[0].as_str().unwrap().ends_with(".crc") && !file[1].is_null())
                    .cloned()
                    .collect::<Vec<_>>()
            ),
            Some("parquet") => json!({
                "files": output["files"], "physical": output["physical"], "codec": output["codec"],
                "rows": output["rows"].as_array().map(Vec::len),
            }),
            _ => in_microseconds(&output),
        }
    }
}

/// Times and timestamps have six digits of a second.
fn in_microseconds(output: &Value) -> Value {
    let cut = |text: &str| {
        regex::Regex::new("(:[0-9]{2}[.][0-9]{6})[0-9]{3}").unwrap().replace_all(text, "$1").into_owned()
    };
    match output {
        Value::String(text) => cut(text).into(),
        other => other.clone(),
    }
}

/// Number of files and rows, physical types and codec of the parquet files in a directory.
fn parquet_output(dir: &Path) -> Value {
    use parquet::basic::LogicalType;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let (mut files, mut rows, mut physical, mut codec) = (0, 0, json!({}), Value::Null);
    for entry in std::fs::read_dir(dir).into_iter().flatten() {
        let reader = SerializedFileReader::new(std::fs::File::open(entry.unwrap().path()).unwrap()).unwrap();
        let metadata = reader.metadata();
        files += 1;
        rows += metadata.file_metadata().num_rows();
        for column in metadata.file_metadata().schema_descr().columns() {
            let mut text = column.physical_type().to_string();
            match column.logical_type_ref() {
                Some(LogicalType::String) => text += "/String",
                Some(LogicalType::Date) => text += "/Date",
                Some(LogicalType::Decimal(_)) => {
                    text += &format!(
                        "/Decimal(precision={}, scale={})",
                        column.type_precision(),
                        column.type_scale()
                    );
                }
                Some(LogicalType::Timestamp(_)) => {
                    text += "/Timestamp(isAdjustedToUTC=true, timeUnit=milliseconds, \
                             is_from_converted_type=false, force_set_converted_type=false)";
                }
                _ => {}
            }
            physical[column.path().string()] = text.into();
        }
        codec = metadata.row_group(0).column(0).compression().to_string().split('(').next().into();
    }
    json!({ "files": files, "physical": physical, "codec": codec, "rows": rows })
}

fn cases() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/values-observed.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().skip(1).map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(concerns_us).collect()
}

/// Group A, and of group B what FakeSource's given rows and existing formats reach.
fn concerns_us(line: &Value) -> bool {
    let job = line["job"].to_string();
    let all = |key: &str, names: &[&str]| {
        line["job"][key].as_array().is_some_and(|blocks| {
            blocks.iter().all(|b| names.contains(&b["plugin_name"].as_str().unwrap_or_default()))
        })
    };
    let missing = ["\"orc\"", "\"excel\"", "\"xml\"", "\"binary\""];
    matches!(line["group"].as_str(), Some("A" | "B"))
        && all("source", &["LocalFile", "FakeSource"])
        && all("sink", &["LocalFile"])
        && line["job"].get("transform").is_none()
        && !missing.iter().any(|format| job.contains(format))
        && line["look"] != "stats"
        && line["look"] != "count"
        && !job.contains("row.num")
}

/// A directory without a disk under it where there is one: hundreds of jobs sync their files.
fn memory_dir() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

#[test]
fn as_observed() {
    let runtime = runtime();
    let otherwise = wanted_otherwise();
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for line in cases() {
        let number = line["n"].as_u64().unwrap();
        let case = Case { dir: memory_dir(), line };
        case.fill();
        let broken = runtime.block_on(case.run()).err();
        assert_eq!(case.leftovers(), Vec::<String>::new(), "line {number} leaves something staged");
        seen += 1;
        let status = match &broken {
            None => "FINISHED",
            Some(Broken::Failed(_)) => "FAILED",
            Some(Broken::Refused(_)) => "REFUSED",
        };
        let output = if broken.is_none() { case.output() } else { Value::Null };
        let (wanted_status, wanted) = match otherwise.get(&number) {
            Some(otherwise) => (otherwise["status"].as_str().unwrap(), otherwise["output"].clone()),
            None => (case.line["job_status"].as_str().unwrap(), case.wanted()),
        };
        // what can't work is refused before it starts, if that is possible
        let same_status = status == wanted_status || (status == "REFUSED" && wanted_status == "FAILED");
        if !same_status || (broken.is_none() && output != wanted) {
            let got = json!({ "n": number, "topic": case.line["topic"], "status": status, "output": output,
                "message": broken.map(Broken::message), "wanted": wanted, "bug": case.line["bug"] });
            wrong.push(got.to_string());
        }
    }
    assert!(wrong.is_empty(), "{} of {seen} lines are not as wanted:\n{}", wrong.len(), wrong.join("\n"));
}
