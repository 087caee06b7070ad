//! Jobs that die again and again: what is restored goes on right behind the rows of the last checkpoint.

use super::driver::{attempt, context, next, prepared, read, runtime, sink, source, splits};
use crate::model::{AttemptId, Epoch, Prepared};
use crate::options::{Map, Tree};
use crate::plugin::{Reader, SinkDef, Split};
use crate::table::{Batch, CatalogTable};
use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

fn block(text: &str) -> Map {
    serde_json::from_str::<Tree>(text).unwrap().as_map().unwrap().clone()
}

/// Files of lines `id,text,k`, some 300 kB each.
fn input(dir: &Path, files: i64, rows: i64, archived: bool) {
    for file in 0..files {
        let mut text = String::from("id,text,k\n");
        for row in 0..rows {
            let id = file * rows + row;
            writeln!(text, "{id},\"line, {}\",{}", "é".repeat((id % 40) as usize), id % 3).unwrap();
        }
        let path = dir.join(format!("{file}.csv"));
        if archived {
            let mut builder = tar::Builder::new(std::fs::File::create(path.with_extension("tar")).unwrap());
            for part in ["a.csv", "skipped.md", "b.csv"] {
                let mut header = tar::Header::new_gnu();
                let lines: Vec<&str> = text.lines().skip(1).collect();
                let half = match part {
                    "a.csv" => format!("h\n{}", lines[..lines.len() / 2].join("\n")),
                    "b.csv" => format!("h\n{}", lines[lines.len() / 2..].join("\n")),
                    _ => "# nothing".to_owned(),
                };
                header.set_size(half.len() as u64);
                header.set_cksum();
                builder.append_data(&mut header, part, half.as_bytes()).unwrap();
            }
            builder.finish().unwrap();
        } else {
            std::fs::write(path, text).unwrap();
        }
    }
}

/// What a checkpoint holds.
#[derive(Clone, Default)]
struct Checkpoint {
    epoch: u64,
    waiting: Vec<Split>,
    open: Option<(Split, Vec<u8>)>,
    writer: Option<Vec<u8>>,
    prepared: Vec<Prepared>,
}

/// Runs a job to its end; it dies at random moments of an epoch's life. Answers how often it died.
async fn run(from: &Map, to: &Map, seed: u64) -> usize {
    let mut random = SmallRng::seed_from_u64(seed);
    let def = source(from).unwrap();
    let tables: Vec<Arc<CatalogTable>> = def.discover().await.unwrap().into_iter().map(Arc::new).collect();
    let target: Arc<dyn SinkDef> = sink(to, &tables).unwrap();
    target.prepare_target(&context(1, 1)).await.unwrap();
    let mut stored: Option<Checkpoint> = None;
    let mut deaths = 0;
    'attempts: for number in 1.. {
        let run = def.start(&context(number, 1), &tables).await.unwrap();
        let mut at = stored.clone().unwrap_or_default();
        if stored.is_none() {
            at.waiting = splits(run.as_ref()).await.unwrap();
        }
        let (mut writer, mut committer) =
            attempt(target.as_ref(), number, Epoch(at.epoch + 1), at.writer.clone()).await;
        let before = AttemptId { number: number - 1, ..context(number, 1).attempt };
        let mut dies = |chance: f64| {
            let dies = deaths < 12 && random.random_bool(chance);
            deaths += usize::from(dies);
            dies
        };
        committer.commit(&at.prepared).await.unwrap();
        if dies(0.2) {
            continue 'attempts;
        }
        committer.take_back(before, &[]).await.unwrap();
        let mut reader = run.reader(0).await.unwrap();
        if let Some((split, position)) = &at.open {
            reader.open(split, Some(position)).await.unwrap();
        }
        loop {
            let mut ended = false;
            for _ in 0..2 {
                let batch = read_on(reader.as_mut(), &mut at).await;
                match batch {
                    Some(batch) => writer.write(batch).await.unwrap(),
                    None => ended = true,
                }
                if dies(0.1) {
                    continue 'attempts;
                }
            }
            if let Some((_, position)) = &mut at.open {
                *position = reader.position().unwrap();
            }
            at.epoch += 1;
            let staged = writer.prepare(Epoch(at.epoch)).await.unwrap();
            at.prepared = prepared(Epoch(at.epoch), staged);
            at.writer = writer.snapshot().unwrap();
            if dies(0.2) {
                continue 'attempts;
            }
            stored = Some(at.clone());
            if dies(0.2) {
                continue 'attempts;
            }
            committer.commit(&at.prepared).await.unwrap();
            if dies(0.2) {
                continue 'attempts;
            }
            if ended {
                return deaths;
            }
        }
    }
    deaths
}

/// The next batch, of the open split or of those that wait.
async fn read_on(reader: &mut dyn Reader, at: &mut Checkpoint) -> Option<Batch> {
    loop {
        if at.open.is_none() {
            let split = at.waiting.pop()?;
            reader.open(&split, None).await.unwrap();
            at.open = Some((split, Vec::new()));
        }
        match next(reader).await.unwrap() {
            Some(batch) => return Some(batch),
            None => at.open = None,
        }
    }
}

/// Ids of all rows in a directory, sorted.
fn ids(out: &Map) -> Vec<i64> {
    let (_, batches) = runtime().block_on(read(out)).unwrap();
    let mut ids: Vec<i64> = batches
        .iter()
        .flat_map(|batch| batch.rows.column(0).as_primitive::<Int64Type>().values().to_vec())
        .collect();
    ids.sort_unstable();
    ids
}

fn check(format: &str, archived: bool, encoding: &str, more: &str, seeds: std::ops::Range<u64>) {
    let (files, rows) = (3, 10_000);
    let runtime = runtime();
    let mut deaths = 0;
    for seed in seeds {
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let (from, to) = (dir.path().join("in"), dir.path().join("out"));
        std::fs::create_dir(&from).unwrap();
        input(&from, files, rows, archived);
        if encoding != "UTF-8" {
            for entry in std::fs::read_dir(&from).unwrap() {
                let path = entry.unwrap().path();
                let mut bytes = Vec::new();
                let text = std::fs::read(&path).unwrap();
                crate::format::charset::Charset::of(encoding).unwrap().encoder().encode(&text, &mut bytes);
                std::fs::write(&path, bytes).unwrap();
            }
        }
        let archive = if archived { "tar" } else { "none" };
        let schema = r#""schema": { "fields": { "id": "bigint", "text": "string", "k": "int" } }"#;
        let source = block(&format!(
            r#"{{ "path": "{}", "file_format_type": "csv", "skip_header_row_number": 1, "encoding": "{encoding}",
                 "archive_compress_codec": "{archive}", {schema} }}"#,
            from.display()
        ));
        let sink = block(&format!(
            r#"{{ "path": "{}", "file_format_type": "{format}", "batch_size": 9000 {more} }}"#,
            to.display()
        ));
        deaths += runtime.block_on(run(&source, &sink, seed));
        let back =
            block(&format!(r#"{{ "path": "{}", "file_format_type": "{format}", {schema} }}"#, to.display()));
        assert_eq!(ids(&back), (0..files * rows).collect::<Vec<_>>(), "seed {seed}");
        assert!(!to.join(".seikan").exists(), "seed {seed}: something staged is left");
    }
    assert!(deaths > 20, "only {deaths} deaths");
}

#[test]
fn csv_in_the_middle_of_a_file() {
    check("csv", false, "UTF-8", "", 0..12);
}

#[test]
fn parquet_by_partition() {
    check("parquet", false, "UTF-8", r#", "partition_by": ["k"], "compress_codec": "zstd""#, 20..28);
}

#[test]
fn archives_and_other_encodings() {
    check("json", true, "UTF-8", "", 40..46);
    check("json", false, "UTF-16", "", 50..56);
}

#[test]
fn plain_names_of_several_epochs() {
    let more = r#", "is_enable_transaction": false, "file_name_expression": "plain""#;
    check("json", false, "UTF-8", more, 60..66);
}

/// Parquet splits go on within a row group.
#[test]
fn parquet_source() {
    let dir = tempfile::tempdir().unwrap();
    let (from, mid, to) = (dir.path().join("in"), dir.path().join("mid"), dir.path().join("out"));
    std::fs::create_dir(&from).unwrap();
    input(&from, 1, 40_000, false);
    let schema = r#""schema": { "fields": { "id": "bigint", "text": "string", "k": "int" } }"#;
    let path = |path: &Path| path.display().to_string();
    let csv = block(&format!(
        r#"{{ "path": "{}", "file_format_type": "csv", "skip_header_row_number": 1, {schema} }}"#,
        path(&from)
    ));
    let parquet =
        |dir: &Path| block(&format!(r#"{{ "path": "{}", "file_format_type": "parquet" }}"#, path(dir)));
    let runtime = runtime();
    let (tables, batches) = runtime.block_on(read(&csv)).unwrap();
    runtime.block_on(super::driver::write(&parquet(&mid), &tables, &batches, 1)).unwrap();
    let deaths: usize = (0..6)
        .map(|seed| {
            let out = to.join(seed.to_string());
            let deaths = runtime.block_on(run(&parquet(&mid), &parquet(&out), seed));
            assert_eq!(ids(&parquet(&out)), (0..40_000).collect::<Vec<_>>());
            deaths
        })
        .sum();
    assert!(deaths > 5, "only {deaths} deaths");
}

#[test]
fn a_tmp_path_that_the_job_makes_goes_when_it_is_empty() {
    runtime().block_on(async {
        for (is_there, commits) in [(false, true), (false, false), (true, true), (true, false)] {
            let dir = tempfile::tempdir().unwrap();
            std::fs::create_dir(dir.path().join("in")).unwrap();
            input(&dir.path().join("in"), 1, 10, false);
            let (at, tmp) = (dir.path().display(), dir.path().join("a/tmp"));
            std::fs::create_dir(dir.path().join("a")).unwrap();
            if is_there {
                std::fs::create_dir(&tmp).unwrap();
            }
            let from = block(&format!(
                r#"{{"path": "{at}/in", "file_format_type": "csv", "skip_header_row_number": 1,
                    "schema": {{"fields": {{"id": "bigint", "t": "string", "k": "int"}}}}}}"#
            ));
            let to = block(&format!(
                r#"{{"path": "{at}/out", "tmp_path": "{at}/a/tmp", "file_format_type": "json"}}"#
            ));
            let (tables, batches) = read(&from).await.unwrap();
            let target = sink(&to, &tables).unwrap();
            // The first attempt dies and leaves what it staged.
            let (mut writer, committer) = attempt(target.as_ref(), 1, Epoch(1), None).await;
            writer.write(batches[0].clone()).await.unwrap();
            writer.prepare(Epoch(1)).await.unwrap();
            assert!(tmp.join("seatunnel").exists());
            drop((writer, committer));
            let (mut writer, mut committer) = attempt(target.as_ref(), 2, Epoch(1), None).await;
            writer.write(batches[0].clone()).await.unwrap();
            let staged = prepared(Epoch(1), writer.prepare(Epoch(1)).await.unwrap());
            if commits {
                committer.take_back(AttemptId { number: 1, ..context(2, 1).attempt }, &staged).await.unwrap();
                committer.commit(&staged).await.unwrap();
            } else {
                committer.take_back(context(2, 1).attempt, &[]).await.unwrap();
            }
            assert_eq!(tmp.exists(), is_there, "is_there {is_there}, commits {commits}");
            assert!(!tmp.join("seatunnel").exists() && dir.path().join("a").exists());
        }
    });
}
