//! Rows that can't be transformed: the option that says what becomes of them, and how an error names such a row.
//!
//! A transform says which column is wrong and why; whoever runs it over batches ([`Met`] goes with each table) says
//! which row it is: by its number, its key or its first columns, and its file. No secret is shown, nor any text that
//! may hold one.

use crate::format::java_text::JavaText;
use crate::model::{Blame, Fault, MASK, is_document, shown};
use crate::options::{Kind, OptionDef, Options};
use crate::plugin::RunContext;
use crate::table::{Batch, Column, DataType};

/// The option of every transform that can fail on a row.
pub(super) const ROW_ERRORS: OptionDef = OptionDef::new(
    "row_error_handle_way",
    Kind::Choice(&["FAIL", "SKIP"]),
    "what a row that can't be transformed does: it fails the job, or is dropped",
)
.default("FAIL");

/// So many columns name a row that has no key.
const NAMING: usize = 3;
/// A longer text is no name.
const LONGEST_NAME: usize = 60;

/// What becomes of a row that can't be transformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowErrors {
    /// It fails the job.
    Fail,
    /// It is dropped.
    Skip,
}

impl RowErrors {
    /// Reads the option.
    pub(super) fn read(options: &Options<'_>) -> Option<Self> {
        options.choice(&ROW_ERRORS).map(|way| if way == "SKIP" { Self::Skip } else { Self::Fail })
    }
}

/// The failure of a row by the value of a column; `message` shows nothing of it that is secret.
pub(super) fn column_fault(column: &str, message: &str) -> Fault {
    Fault::user(format!("column \"{column}\": {message}"))
}

/// Says that a failure is by the value of a column.
pub(super) fn in_column(column: &str) -> impl Fn(Fault) -> Fault {
    move |fault| Fault { message: format!("column \"{column}\": {}", fault.message), ..fault }
}

/// The rows of one table that one instance has met before.
pub(super) struct Met {
    rows: u64,
    /// Whether the count began at the reader's first row: not in an attempt that goes on from a checkpoint.
    is_whole: bool,
    readers: usize,
}

impl Met {
    pub(super) fn new(context: &RunContext) -> Self {
        Self { rows: 0, is_whole: !context.is_restore, readers: context.parallelism }
    }

    /// Counts the rows of a batch.
    pub(super) fn add(&mut self, batch: &Batch) {
        self.rows += batch.len() as u64;
    }

    /// The failure of a row of the next batch; `hides`: further columns of which no value is shown.
    pub(super) fn fault(
        &self,
        batch: &Batch,
        row: usize,
        hides: impl Fn(&str) -> bool,
        fault: Fault,
    ) -> Fault {
        Fault { message: format!("{}: {}", self.name(batch, row, hides), fault.message), ..fault }
    }

    /// `row 7 of table db.t (id = 7), file /data/a.csv`.
    fn name(&self, batch: &Batch, row: usize, hides: impl Fn(&str) -> bool) -> String {
        let mut name = match (self.is_whole, self.readers) {
            (false, _) => "a row".to_owned(),
            (true, 0 | 1) => format!("row {}", self.rows + row as u64 + 1),
            (true, _) => format!("row {} of one reader", self.rows + row as u64 + 1),
        };
        name.push_str(&format!(" of table {}", batch.table.path));
        let values = naming(batch, row, |column| column.secret().is_some() || hides(&column.name));
        if !values.is_empty() {
            name.push_str(&format!(" ({})", values.join(", ")));
        }
        if let Some(file) = &batch.origin {
            name.push_str(&format!(", file {}", file.path));
        }
        name
    }
}

/// The values that name a row: those of its key, else of its first columns that can.
fn naming(batch: &Batch, row: usize, hides: impl Fn(&Column) -> bool) -> Vec<String> {
    let columns = || batch.table.columns.iter().enumerate();
    let text = |at: usize, column: &Column| {
        let mut text = String::new();
        JavaText::new(batch.rows.column(at).as_ref(), &column.data_type).push(row, &mut text);
        text
    };
    let quoted = |at: usize, column: &Column| {
        let text = text(at, column);
        let is_text = column.data_type == DataType::String && !batch.rows.column(at).is_null(row);
        format!("{} = {}", column.name, if is_text { shown(&text) } else { text })
    };
    if let Some(key) = &batch.table.primary_key {
        let of_key = columns().filter(|(_, column)| key.columns.contains(&column.name));
        let value = |(at, column): (usize, &Column)| match (hides(column), is_plain(&column.data_type)) {
            (true, _) => Some(format!("{} = {MASK}", column.name)),
            (false, true) => Some(quoted(at, column)),
            (false, false) => None,
        };
        return of_key.filter_map(value).collect();
    }
    // A long text or a document names nothing, and may hold anything.
    let names_it = |(at, column): &(usize, &Column)| {
        let text = || text(*at, column);
        let is_name = || {
            let text = text();
            !is_document(&text) && text.chars().nth(LONGEST_NAME).is_none()
        };
        !hides(column) && is_plain(&column.data_type) && (column.data_type != DataType::String || is_name())
    };
    columns().filter(names_it).take(NAMING).map(|(at, column)| quoted(at, column)).collect()
}

fn is_plain(data_type: &DataType) -> bool {
    !matches!(
        data_type,
        DataType::Null
            | DataType::Bytes
            | DataType::Array(_)
            | DataType::Map(..)
            | DataType::Row(_)
            | DataType::Vector(..)
    )
}

/// The first row of a batch that fails, and its fault: `apply` is tried on the first rows of the batch, ever fewer or
/// more. `None` when it can't be told, as where the outcome is left to chance; `whole` is the fault of the whole batch.
pub(super) fn first_wrong(
    batch: &Batch,
    whole: Fault,
    mut apply: impl FnMut(Batch) -> Result<(), Fault>,
) -> (Option<usize>, Fault) {
    if whole.blame != Blame::User {
        return (None, whole);
    }
    let (mut good, mut bad, mut fault) = (0, batch.len(), whole);
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        match apply(batch.slice(0, middle)) {
            Ok(()) => good = middle,
            Err(found) => (bad, fault) = (middle, found),
        }
    }
    let is_sure = bad < batch.len() || bad == 1 || apply(batch.clone()).is_err();
    (is_sure.then(|| bad.saturating_sub(1)), fault)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AttemptId, JobId};
    use crate::plugin::JobMode;
    use crate::runtime::JobLog;
    use crate::table::{FileOrigin, PrimaryKey};
    use crate::transforms::tests::table_of;
    use arrow::array::{AsArray, BinaryArray, Int32Array, StringArray};
    use arrow::datatypes::Int32Type;
    use std::sync::Arc;

    fn met(is_restore: bool, parallelism: usize) -> Met {
        Met::new(&RunContext {
            job: JobId(1),
            attempt: AttemptId { timeline: 1, number: 1 },
            mode: JobMode::Batch,
            parallelism,
            is_restore,
            log: Arc::new(JobLog::nowhere()),
            working_dir: ".".into(),
        })
    }

    /// Three rows, keyed by these columns.
    fn rows(key: &[&str]) -> Batch {
        let texts = |texts: [&str; 3]| Arc::new(StringArray::from(texts.to_vec()));
        let long = "x".repeat(61);
        let batch = table_of(
            "db.t",
            vec![
                ("raw", DataType::Bytes, Arc::new(BinaryArray::from(vec![&b"x"[..]; 3]))),
                ("doc", DataType::String, texts(["plain", r#"{"password": "x"}"#, &long])),
                ("token", DataType::String, texts(["t1", "t2", "t3"])),
                ("n", DataType::Int, Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]))),
                ("name", DataType::String, texts(["a", "b\n", "c"])),
                ("hidden", DataType::String, texts(["h1", "h2", "h3"])),
                ("last", DataType::Int, Arc::new(Int32Array::from(vec![7, 8, 9]))),
            ],
        );
        let mut table = (*batch.table).clone();
        let columns: Vec<String> = key.iter().map(|name| (*name).to_owned()).collect();
        table.primary_key = (!key.is_empty()).then(|| PrimaryKey { name: "pk".into(), columns });
        Batch { table: Arc::new(table), ..batch }
    }

    fn said(met: &Met, batch: &Batch, row: usize) -> String {
        met.fault(batch, row, |column| column == "hidden", column_fault("n", "is odd")).message
    }

    #[test]
    fn rows_are_named_by_number_key_and_file() {
        let mut first = met(false, 1);
        for (row, wanted) in [
            (0, "row 1 of table db.t (doc = \"plain\", n = 1, name = \"a\")"),
            (1, "row 2 of table db.t (n = null, name = \"b\\n\", last = 8)"),
            (2, "row 3 of table db.t (n = 3, name = \"c\", last = 9)"),
        ] {
            assert_eq!(said(&first, &rows(&[]), row), format!("{wanted}: column \"n\": is odd"));
        }
        first.add(&rows(&[]));
        let keyed = said(&first, &rows(&["last", "token", "hidden"]), 1);
        assert!(
            keyed.starts_with("row 5 of table db.t (token = ******, hidden = ******, last = 8): "),
            "{keyed}"
        );
        let origin = FileOrigin { path: "/in/a.csv".into(), size: 1, created: None, modified: None };
        let of_file = Batch { origin: Some(Arc::new(origin)), ..rows(&["n"]) };
        let several = said(&met(false, 2), &of_file, 0);
        assert!(
            several.starts_with("row 1 of one reader of table db.t (n = 1), file /in/a.csv: "),
            "{several}"
        );
        let restored = said(&met(true, 1), &rows(&["n"]), 2);
        assert!(restored.starts_with("a row of table db.t (n = 3): "), "{restored}");
    }

    #[test]
    fn the_first_row_that_fails_is_found() {
        let numbers = |numbers: Vec<i32>| {
            table_of("t", vec![("n", DataType::Int, Arc::new(Int32Array::from(numbers)))])
        };
        let negative = |batch: Batch| {
            let column = batch.rows.column(0).as_primitive::<Int32Type>().clone();
            let found = column.values().iter().find(|n| **n < 0).map(|n| Fault::user(n.to_string()));
            found.map_or(Ok(()), Err)
        };
        for length in 1..20 {
            for wrong in 0..length {
                let batch = numbers((0..length).map(|n| if n >= wrong { -n - 1 } else { n }).collect());
                let whole = negative(batch.clone()).unwrap_err();
                let (row, fault) = first_wrong(&batch, whole, negative);
                assert_eq!((row, fault.message), (Some(wrong as usize), (-wrong - 1).to_string()));
            }
        }
        let chance = first_wrong(&numbers(vec![1, 2, 3]), Fault::user("by chance"), negative);
        assert_eq!(chance.0, None, "what does not fail again has no row");
        let ours = first_wrong(&numbers(vec![-1, -2]), Fault::internal("ours"), negative);
        assert_eq!((ours.0, ours.1.message.as_str()), (None, "ours"));
    }
}
