//! `LLM`: appends a column with what a chat model answers to each row.

use super::chat::{self, Output, Row};
use super::custom::{BODY, HEADERS, PARSE};
use super::in_flight::in_flight;
use super::options::{
    API_KEY, API_PATH, BACKOFF, BATCH_SIZE, CONCURRENT, MAX_BACKOFF, MODEL, NOTE, Settings, TIMEOUT, TRIES,
};
use super::provider::Provider;
use super::tables::{Asking, Unanswered, def};
use crate::format::json;
use crate::model::Fault;
use crate::options::{Kind, OptionDef, Options};
use crate::plugin::{TransformDef, TransformFactory};
use crate::table::{Batch, CatalogTable, Column};
use crate::transforms::stateless::{all, column, with_columns};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use serde_json::Value;
use std::sync::Arc;

const PROVIDER: OptionDef =
    OptionDef::new("model_provider", Kind::Choice(&Provider::CHAT), "whose service is asked").required();
const PROMPT: OptionDef = OptionDef::new(
    "prompt",
    Kind::Text,
    "what is asked of each row; what makes the answer readable is added to it",
)
.required();
const INFERENCE_COLUMNS: OptionDef = OptionDef::new(
    "inference_columns",
    Kind::List,
    "the columns that are shown to the model; all, if none is named. A row that is null in all of them gets null \
     without a request",
);
const OUTPUT_TYPE: OptionDef =
    OptionDef::new("output_data_type", Kind::Choice(&Output::NAMES), "type of the answers").default("STRING");
const OUTPUT_COLUMN: OptionDef =
    OptionDef::new("output_column_name", Kind::Text, "name of the column of answers").default("llm_output");
const STRICT: OptionDef = OptionDef::new(
    "strict_boolean_output",
    Kind::Bool,
    "whether a BOOLEAN answer other than true and false fails the job; if not, it counts as false",
)
.default("true");

pub(in crate::transforms) struct Factory;

impl TransformFactory for Factory {
    fn name(&self) -> &'static str {
        "LLM"
    }

    fn note(&self) -> Option<&'static str> {
        Some(NOTE)
    }

    fn options(&self) -> &'static [OptionDef] {
        &[
            PROVIDER,
            MODEL,
            API_KEY,
            API_PATH,
            PROMPT,
            INFERENCE_COLUMNS,
            OUTPUT_TYPE,
            OUTPUT_COLUMN,
            STRICT,
            BATCH_SIZE,
            CONCURRENT,
            TRIES,
            BACKOFF,
            MAX_BACKOFF,
            TIMEOUT,
            PARSE,
            HEADERS,
            BODY,
        ]
    }

    fn build(&self, options: &Options<'_>) -> Option<Arc<dyn TransformDef>> {
        let provider = Provider::read(options, &PROVIDER);
        let (prompt, name) = (options.text(&PROMPT), options.text(&OUTPUT_COLUMN));
        let (output, strict) = (options.choice(&OUTPUT_TYPE), options.bool(&STRICT));
        let columns = options.texts(&INFERENCE_COLUMNS);
        let columns_are_good = columns.is_some() || !options.has(&INFERENCE_COLUMNS);
        let provider = provider?;
        let settings = Settings::read(options, provider, provider.chat_path(), None);
        let output = Output::of(output?, strict?);
        let prompt = output.prompt(&prompt?);
        let (settings, name) = (settings?, name?);
        columns_are_good
            .then(|| def(Llm { settings, prompt, columns: columns.unwrap_or_default(), name, output }))
    }
}

struct Llm {
    settings: Settings,
    prompt: String,
    /// Empty: all.
    columns: Vec<String>,
    name: String,
    output: Output,
}

/// The columns that are shown.
struct Step {
    places: Vec<usize>,
    columns: Vec<Column>,
    is_secret: bool,
}

#[async_trait]
impl Asking for Llm {
    type Step = Step;

    fn plan(&self, input: &CatalogTable) -> Result<(CatalogTable, Step), Vec<String>> {
        let places = if self.columns.is_empty() {
            (0..input.columns.len()).collect()
        } else {
            all(self.columns.iter().map(|name| column(input, INFERENCE_COLUMNS.key, name)))?
        };
        if input.index_of(&self.name).is_some() {
            let (key, path, name) = (OUTPUT_COLUMN.key, &input.path, &self.name);
            return Err(vec![format!("{key}: table {path} has a column \"{name}\" already")]);
        }
        let columns: Vec<Column> = places.iter().map(|place| input.columns[*place].clone()).collect();
        json::encoder(&columns, &json::WriteOptions::default())
            .map_err(|problem| vec![format!("{}: {problem}", INFERENCE_COLUMNS.key)])?;
        let mut output = input.columns.clone();
        output.push(Column::new(&self.name, self.output.data_type()));
        let is_secret = columns.iter().any(|column| column.secret().is_some());
        Ok((input.with_columns(output), Step { places, columns, is_secret }))
    }

    fn open(&self) -> Result<(), Fault> {
        let opened = self.settings.service.open();
        opened.map(|_| ()).map_err(|failure| failure.fault(&self.asked()))
    }

    async fn apply(
        &self,
        step: &Step,
        output: &Arc<CatalogTable>,
        batch: &Batch,
    ) -> Result<Batch, Unanswered> {
        let shown = batch.rows.project(&step.places);
        let shown = shown.map_err(|e| Fault::internal("columns are missing").caused_by(&e))?;
        let mut answers = Vec::with_capacity(batch.len());
        let mut begin = 0;
        while begin < batch.len() {
            let length = self.settings.rows_at_once.min(batch.len() - begin);
            let rows = texts(&step.columns, &shown.slice(begin, length))?;
            let rows = rows.into_iter().enumerate().collect();
            let ask = |(at, row): (usize, Option<String>)| async move {
                let answer = self.answer(row, step.is_secret).await;
                answer.map_err(|fault| Unanswered { row: Some(begin + at), fault })
            };
            answers.extend(in_flight(rows, self.settings.at_once, ask).await?);
            begin += length;
        }
        let mut columns = batch.rows.columns().to_vec();
        columns.push(self.output.column(&answers));
        Ok(with_columns(batch, output, columns)?)
    }
}

impl Llm {
    fn asked(&self) -> String {
        format!(
            "column \"{}\", model {} of {}",
            self.name,
            self.settings.model,
            self.settings.provider.name()
        )
    }

    /// The answer to one row; null to none.
    async fn answer(&self, row: Option<String>, is_secret: bool) -> Result<Value, Fault> {
        let Some(row) = row else {
            return Ok(Value::Null);
        };
        let row = Row { json: format!("[{row}]"), is_secret };
        let answer = chat::ask(&self.settings, &self.prompt, &row, self.output).await;
        answer.map_err(|failure| failure.fault(&self.asked()))
    }
}

/// Each row as a JSON object; `None` for one that is all null.
fn texts(columns: &[Column], rows: &RecordBatch) -> Result<Vec<Option<String>>, Fault> {
    let failed = |problem: String| Fault::internal(format!("rows can't be written as JSON: {problem}"));
    let mut encoder = json::encoder(columns, &json::WriteOptions::default()).map_err(failed)?;
    let mut bytes = Vec::new();
    encoder.begin(&mut bytes);
    encoder.encode(rows, &mut bytes).map_err(|e| failed(e.to_string()))?;
    let nulls: Vec<_> = rows.columns().iter().map(|column| column.logical_nulls()).collect();
    let is_null =
        |row: usize| nulls.iter().all(|nulls| nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)));
    let text =
        |(row, line): (usize, &[u8])| (!is_null(row)).then(|| String::from_utf8_lossy(line).into_owned());
    // Line ends within a value are escaped.
    Ok(bytes.split(|byte| *byte == b'\n').enumerate().map(text).collect())
}
