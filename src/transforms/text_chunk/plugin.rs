//! The transform: its options, its tables, and the rows that it makes.

use super::chunks::Cutter;
use crate::model::Fault;
use crate::options::{Kind, OptionDef, Options};
use crate::plugin::{Out, TransformDef, TransformFactory};
use crate::table::{Batch, CatalogTable, Column, ConstraintKind, DataType};
use crate::transforms::row_errors::column_fault;
use crate::transforms::rows;
use crate::transforms::stateless::{Stateless, Tables, column, put_columns, replaces, with_columns};
use crate::transforms::text_column::{check, text_column};
use arrow::array::{ArrayRef, Int32Builder, StringBuilder, UInt32Array};
use std::sync::Arc;

const TEXT: OptionDef = OptionDef::new("text_field", Kind::Text, "the column with the text").required();
const OUTPUT: OptionDef =
    OptionDef::new("output_field", Kind::Text, "the column that takes the piece").default("chunk");
const INDEX: OptionDef = OptionDef::new(
    "chunk_index_field",
    Kind::Text,
    "the column that takes the number of the piece within its text, from 0",
)
.default("chunk_index");
const SIZE: OptionDef =
    OptionDef::new("chunk_size", Kind::Int, "characters that a piece has at most").default("1000");
const OVERLAP: OptionDef = OptionDef::new(
    "overlap_size",
    Kind::Int,
    "characters of the piece before that a piece begins with at most; fewer than chunk_size",
)
.default("0");
const SEPARATORS: OptionDef = OptionDef::new(
    "separators",
    Kind::List,
    "where texts may be cut, the best places first; an empty list cuts at the size alone",
)
.default(r#"["\n\n", "\n", "。", "！", "？", ". ", " "]"#);
const SKIP_EMPTY: OptionDef = OptionDef::new(
    "skip_empty_text",
    Kind::Bool,
    "whether rows without text are dropped; else they have a null piece of number 0",
)
.default("true");

/// Rows of one batch that comes out.
const BATCH_ROWS: usize = 8192;
/// Bytes of whole texts in one batch that comes out, about.
const BATCH_BYTES: usize = 1 << 27;
/// Bytes of whole texts that one batch may become: each piece's row keeps the text it is cut from.
const MAX_BYTES: usize = 1 << 31;

pub(in crate::transforms) struct Factory;

impl TransformFactory for Factory {
    fn name(&self) -> &'static str {
        "TextChunk"
    }

    fn options(&self) -> &'static [OptionDef] {
        &[TEXT, OUTPUT, INDEX, SIZE, OVERLAP, SEPARATORS, SKIP_EMPTY]
    }

    fn build(&self, options: &Options<'_>) -> Option<Arc<dyn TransformDef>> {
        let (text, output, index) = (options.text(&TEXT), options.text(&OUTPUT), options.text(&INDEX));
        let (size, overlap) = (options.int(&SIZE), options.int(&OVERLAP));
        let (separators, skip_empty) = (options.texts(&SEPARATORS), options.bool(&SKIP_EMPTY));
        let (size, overlap) = (size?, overlap?);
        if size < 1 {
            options.error(SIZE.key, format!("{size} is not allowed; allowed: 1 or more"));
            return None;
        }
        if !(0..size).contains(&overlap) {
            options.error(OVERLAP.key, format!("{overlap} is not allowed; allowed: 0 … {}", size - 1));
            return None;
        }
        let (text, output, index, mut separators) = (text?, output?, index?, separators?);
        if output == index {
            options.error(INDEX.key, format!("\"{index}\" is the {} already", OUTPUT.key));
            return None;
        }
        separators.retain(|separator| !separator.is_empty());
        let cutter = Cutter { separators, size: size as usize, overlap: overlap as usize };
        Some(Arc::new(Stateless(TextChunk { text, output, index, cutter, skip_empty: skip_empty? })))
    }
}

#[derive(Clone)]
struct TextChunk {
    text: String,
    output: String,
    index: String,
    cutter: Cutter,
    skip_empty: bool,
}

/// Places of the text, of the piece and of its number.
struct Step {
    text: usize,
    piece: usize,
    number: usize,
}

impl TextChunk {
    fn check_keys(&self, input: &CatalogTable) -> Result<(), String> {
        let primary = input.primary_key.iter().flat_map(|key| &key.columns);
        let unique = input.constraint_keys.iter().filter(|key| key.kind == ConstraintKind::Unique);
        let unique = unique.flat_map(|key| key.columns.iter().map(|(name, _)| name));
        let keys: Vec<&String> = primary.chain(unique).collect();
        for (option, name) in [(&OUTPUT, &self.output), (&INDEX, &self.index)] {
            if keys.contains(&name) {
                return Err(format!(
                    "{}: \"{name}\" is a key column of table {}; its values would be lost",
                    option.key, input.path
                ));
            }
        }
        Ok(())
    }
}

impl Tables for TextChunk {
    type Step = Step;

    fn plan(&self, input: &CatalogTable) -> Result<(Vec<CatalogTable>, Step), Vec<String>> {
        let text = column(input, TEXT.key, &self.text).map_err(|e| vec![e])?;
        check(input, TEXT.key, text).map_err(|e| vec![e])?;
        self.check_keys(input).map_err(|e| vec![e])?;
        let new = [Column::new(&self.output, DataType::String), Column::new(&self.index, DataType::Int)];
        let (mut output, places) = put_columns(input, new.into_iter());
        output.primary_key.iter_mut().for_each(|key| key.columns.push(self.index.clone()));
        for key in output.constraint_keys.iter_mut().filter(|key| key.kind == ConstraintKind::Unique) {
            key.columns.push((self.index.clone(), true));
        }
        let [piece, number] = places[..] else {
            return Err(vec!["two columns are added".into()]);
        };
        Ok((vec![output], Step { text, piece, number }))
    }

    fn oddities(&self, _ids: &[&str], tables: &[&CatalogTable]) -> Vec<String> {
        let of_table = |table: &&CatalogTable| {
            // the pieces in the text's own place are what one asks for by its name
            let piece = (self.output != self.text)
                .then(|| replaces(table, OUTPUT.key, &self.output, &DataType::String))
                .flatten();
            let number = replaces(table, INDEX.key, &self.index, &DataType::Int);
            piece.into_iter().chain(number)
        };
        tables.iter().flat_map(of_table).collect()
    }

    fn apply(
        &self,
        step: &Step,
        outputs: &[Arc<CatalogTable>],
        batch: Batch,
        out: &mut Out,
    ) -> Result<(), Fault> {
        let [output] = outputs else {
            return Err(Fault::internal("one table is made"));
        };
        let texts = text_column(batch.rows.column(step.text))?;
        // what is replaced needs no copies
        let kept: Vec<usize> =
            (0..batch.rows.num_columns()).filter(|at| *at != step.piece && *at != step.number).collect();
        let repeats_text = kept.contains(&step.text);
        let (mut made, mut bytes) = (Made::default(), 0_usize);
        for (row, text) in texts.iter().enumerate() {
            let Some(text) = text.filter(|text| !text.is_empty()) else {
                if self.skip_empty {
                    out.drop_rows(1);
                } else {
                    made.push(row, None, 0, 0);
                }
                continue;
            };
            let pieces = self.cutter.cut(text);
            let repeated = if repeats_text { text.len() } else { 0 };
            bytes = bytes.saturating_add(pieces.len().saturating_mul(repeated));
            if bytes > MAX_BYTES {
                return Err(column_fault(&self.text, &too_much(text.len(), pieces.len(), self)));
            }
            out.add_rows(pieces.len() - 1);
            for (number, piece) in pieces.iter().enumerate() {
                made.push(row, Some(piece), number, repeated);
                if made.places.len() >= BATCH_ROWS || made.bytes >= BATCH_BYTES {
                    out.push(made.take(&batch, step, &kept, output)?);
                }
            }
        }
        if !made.places.is_empty() {
            out.push(made.take(&batch, step, &kept, output)?);
        }
        Ok(())
    }
}

fn too_much(length: usize, pieces: usize, transform: &TextChunk) -> String {
    format!(
        "a text of {length} bytes would stand beside each of its {pieces} pieces, which is too much; \
         set {} = \"{}\" to keep the pieces alone, or make them larger",
        OUTPUT.key, transform.text
    )
}

/// Rows that come out: where each is from, its piece and the piece's number.
#[derive(Default)]
struct Made {
    places: Vec<u32>,
    pieces: StringBuilder,
    numbers: Int32Builder,
    bytes: usize,
}

impl Made {
    fn push(&mut self, row: usize, piece: Option<&str>, number: usize, repeated: usize) {
        self.places.push(row as u32);
        self.pieces.append_option(piece);
        self.numbers.append_value(number as i32);
        self.bytes += repeated;
    }

    fn take(
        &mut self,
        batch: &Batch,
        step: &Step,
        kept: &[usize],
        output: &Arc<CatalogTable>,
    ) -> Result<Batch, Fault> {
        self.bytes = 0;
        let places = UInt32Array::from(std::mem::take(&mut self.places));
        let kept_rows = batch.rows.project(kept);
        let kept_rows = kept_rows.map_err(|e| Fault::internal("columns can't be chosen").caused_by(&e))?;
        let rows = rows::at(&Batch { rows: kept_rows, ..batch.clone() }, &places)?;
        let mut arrays = rows.rows.columns().iter();
        let (piece, number): (ArrayRef, ArrayRef) =
            (Arc::new(self.pieces.finish()), Arc::new(self.numbers.finish()));
        let column = |place| match place {
            place if place == step.piece => Some(Arc::clone(&piece)),
            place if place == step.number => Some(Arc::clone(&number)),
            _ => arrays.next().cloned(),
        };
        let columns = (0..output.columns.len()).filter_map(column).collect();
        with_columns(&rows, output, columns)
    }
}
