//! `Embedding`: the vectors that a model makes of columns.

use super::custom::{BODY, HEADERS, PARSE};
use super::failure::Failure;
use super::in_flight::in_flight;
use super::options::{
    API_KEY, API_PATH, BACKOFF, BATCH_SIZE, CONCURRENT, KeyPair, MAX_BACKOFF, MODEL, NOTE, Settings, TIMEOUT,
    TRIES, at_least_one, required, url,
};
use super::provider::Provider;
use super::tables::{Asking, Unanswered, def};
use super::token::Token;
use super::vectors::{self, Dimension, VectorColumn};
use crate::model::{Fault, is_secret, shown_of};
use crate::options::convert::shown;
use crate::options::{Kind, OptionDef, Options, Tree};
use crate::plugin::{TransformDef, TransformFactory};
use crate::table::{Batch, CatalogTable, Column, DataType, VectorKind};
use crate::transforms::stateless::{all, column, with_columns};
use crate::transforms::text_column::{check, text_column};
use arrow::array::{Array, StringArray};
use async_trait::async_trait;
use std::sync::Arc;

const PROVIDER: OptionDef =
    OptionDef::new("model_provider", Kind::Choice(&Provider::EMBEDDINGS), "whose service is asked")
        .required();
const FIELDS: OptionDef = OptionDef::new(
    "vectorization_fields",
    Kind::Object,
    "new column = column, for each column to make vectors of; nulls stay null without a request",
)
.required();
const INPUTS: OptionDef = OptionDef::new(
    "single_vectorized_input_number",
    Kind::Int,
    "values that go into one request; ZHIPU takes up to 64",
)
.default("1");
const DIMENSION: OptionDef = OptionDef::new(
    "dimension",
    Kind::Int,
    "dimension that the vectors must have; asked for where the service can choose it (OPENAI, DOUBAO, ZHIPU). Without \
     it, the first vector decides",
);
const SECRET_KEY: OptionDef =
    OptionDef::new("secret_key", Kind::Text, "secret that belongs to the api_key of QIANFAN");
const OAUTH_PATH: OptionDef = OptionDef::new(
    "oauth_path",
    Kind::Text,
    "http or https URL where QIANFAN gives a token for the two keys",
)
.default("https://aip.baidubce.com/oauth/2.0/token");

/// Values that ZHIPU takes in one request.
const ZHIPU_INPUTS: u32 = 64;

pub(in crate::transforms) struct Factory;

impl TransformFactory for Factory {
    fn name(&self) -> &'static str {
        "Embedding"
    }

    fn note(&self) -> Option<&'static str> {
        Some(NOTE)
    }

    fn options(&self) -> &'static [OptionDef] {
        &[
            PROVIDER,
            MODEL,
            API_KEY,
            SECRET_KEY,
            API_PATH,
            OAUTH_PATH,
            FIELDS,
            INPUTS,
            DIMENSION,
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
        let fields = fields(options);
        let dimension =
            if options.has(&DIMENSION) { at_least_one(options, &DIMENSION).map(Some) } else { Some(None) };
        let per_request = at_least_one(options, &INPUTS);
        let provider = Provider::read(options, &PROVIDER)?;
        let keys = if provider == Provider::Qianfan { Some(key_pair(options)?) } else { None };
        let settings = Settings::read(options, provider, provider.embeddings_path(), keys.as_ref());
        let token = keys.zip(options.text(&API_KEY)).map(|(keys, key)| Token::new(keys, &key));
        let (fields, per_request, dimension, settings) = (fields?, per_request?, dimension?, settings?);
        if provider == Provider::Zhipu && per_request > ZHIPU_INPUTS {
            options.error(INPUTS.key, format!("{per_request} is too large; ZHIPU takes 1 to {ZHIPU_INPUTS}"));
            return None;
        }
        if per_request > 1 && settings.custom.as_ref().is_some_and(|custom| !custom.takes_many()) {
            let problem =
                "must be 1: custom_request_body has ${input} outside of a list, which takes one value";
            options.error(INPUTS.key, problem);
            return None;
        }
        Some(def(Embedding { settings, fields, per_request: per_request as usize, dimension, token }))
    }
}

fn key_pair(options: &Options<'_>) -> Option<KeyPair> {
    let secret = required(options, &SECRET_KEY, Provider::Qianfan);
    let path = options.text(&OAUTH_PATH).and_then(|path| url(options, &OAUTH_PATH, &path));
    Some(KeyPair { secret: secret?, path: path? })
}

/// New column, column.
fn fields(options: &Options<'_>) -> Option<Vec<(String, String)>> {
    let map = options.object(&FIELDS)?;
    if map.is_empty() {
        options.error(FIELDS.key, "names no column");
        return None;
    }
    let pair = |(new, from): (&String, &Tree)| {
        let Some(from) = from.as_text() else {
            options.error(
                &format!("{}.{new}", FIELDS.key),
                format!("{} must be the name of a column; pictures and films are not supported", shown(from)),
            );
            return None;
        };
        Some((new.clone(), from.to_owned()))
    };
    // All of them are looked at, so that every problem is noted.
    map.iter().map(pair).collect::<Vec<_>>().into_iter().collect()
}

struct Embedding {
    settings: Settings,
    /// New column, column.
    fields: Vec<(String, String)>,
    per_request: usize,
    dimension: Option<u32>,
    token: Option<Token>,
}

struct Step {
    /// Of each field: the column that it is made of, and its own place.
    fields: Vec<(usize, usize)>,
    dimension: Dimension,
}

/// One value: field and row.
type Cell = (usize, usize);

#[async_trait]
impl Asking for Embedding {
    type Step = Step;

    fn plan(&self, input: &CatalogTable) -> Result<(CatalogTable, Step), Vec<String>> {
        let sources = all(self.fields.iter().map(|(new, from)| {
            let key = format!("{}.{new}", FIELDS.key);
            let index = column(input, &key, from)?;
            check(input, &key, index).map(|()| index)
        }))?;
        let mut columns = input.columns.clone();
        let mut fields = Vec::with_capacity(sources.len());
        for ((new, _), source) in self.fields.iter().zip(sources) {
            let data_type = DataType::Vector(VectorKind::Float, self.dimension.unwrap_or(0));
            let vectors = Column::new(new, data_type);
            let place = match columns.iter().position(|column| column.name == *new) {
                Some(place) => {
                    columns[place] = vectors;
                    place
                }
                None => {
                    columns.push(vectors);
                    columns.len() - 1
                }
            };
            fields.push((source, place));
        }
        let step = Step { fields, dimension: Dimension::new(self.dimension) };
        Ok((input.with_columns(columns), step))
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
        let texts = step.fields.iter().map(|(source, _)| text_column(batch.rows.column(*source)));
        let texts = texts.collect::<Result<Vec<StringArray>, Fault>>()?;
        let mut built: Vec<VectorColumn> = step.fields.iter().map(|_| VectorColumn::default()).collect();
        let mut begin = 0;
        while begin < batch.len() {
            let rows = begin..batch.len().min(begin + self.settings.rows_at_once);
            begin = rows.end;
            let cells = rows.flat_map(|row| (0..texts.len()).map(move |field| (field, row)));
            let cells: Vec<Cell> = cells.collect();
            let asked: Vec<Cell> =
                cells.iter().copied().filter(|(field, row)| texts[*field].is_valid(*row)).collect();
            let requests: Vec<Vec<Cell>> = asked.chunks(self.per_request).map(<[Cell]>::to_vec).collect();
            let (texts, dimension) = (&texts, &step.dimension);
            let ask = |cells: Vec<Cell>| async move { self.vectors(texts, dimension, &cells).await };
            let answers = in_flight(requests, self.settings.at_once, ask).await?;
            let mut vectors = answers.into_iter().flatten();
            for (field, row) in cells {
                let vector = if texts[field].is_valid(row) { vectors.next() } else { None };
                built[field].push(vector.as_deref(), self.dimension);
            }
        }
        let mut columns = batch.rows.columns().to_vec();
        for ((_, place), vectors) in step.fields.iter().zip(built) {
            let vectors = vectors.finish(self.dimension)?;
            if *place < columns.len() { columns[*place] = vectors } else { columns.push(vectors) }
        }
        Ok(with_columns(batch, output, columns)?)
    }
}

impl Embedding {
    fn asked(&self) -> String {
        format!("model {} of {}", self.settings.model, self.settings.provider.name())
    }

    /// The column that a field is made of.
    fn column(&self, field: usize) -> &str {
        self.fields[field].1.as_str()
    }

    /// The vectors of some values.
    async fn vectors(
        &self,
        texts: &[StringArray],
        dimension: &Dimension,
        cells: &[Cell],
    ) -> Result<Vec<Vec<f32>>, Unanswered> {
        let inputs: Vec<&str> = cells.iter().map(|(field, row)| texts[*field].value(*row)).collect();
        let fault = |at: usize, failure: Failure| {
            let (name, row) =
                cells.get(at).map_or(("", None), |(field, row)| (self.column(*field), Some(*row)));
            let value = shown_of(name, inputs.get(at).copied().unwrap_or_default());
            let more = if at == 0 && cells.len() > 1 {
                format!(" and {} more", cells.len() - 1)
            } else {
                String::new()
            };
            let asked = format!("column \"{name}\", value {value}{more}, {}", self.asked());
            Unanswered { row, fault: failure.fault(&asked) }
        };
        let is_secret = cells.iter().any(|(field, _)| is_secret(self.column(*field)));
        let token = self.token.as_ref();
        let vectors = vectors::ask(&self.settings, token, self.dimension, &inputs, is_secret).await;
        let vectors = vectors.map_err(|failure| fault(0, failure))?;
        for (at, vector) in vectors.iter().enumerate() {
            dimension.check(vector).map_err(|failure| fault(at, failure))?;
        }
        Ok(vectors)
    }
}
