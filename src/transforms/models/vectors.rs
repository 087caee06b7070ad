//! What a model that makes vectors is asked, its answer, and the column of it.

use super::chat::missing;
use super::client::Request;
use super::failure::Failure;
use super::options::Settings;
use super::provider::Provider;
use super::token::Token;
use crate::model::Fault;
use crate::table::DataType;
use arrow::array::{ArrayRef, FixedSizeListArray, Float32Array, ListArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use serde_json::{Map, Value, json};
use std::sync::{Arc, OnceLock};

/// The vector of each input, in order. `is_secret`: no input may be shown. `dimension` is asked for where the service can make it.
pub(super) async fn ask(
    settings: &Settings,
    token: Option<&Token>,
    dimension: Option<u32>,
    inputs: &[&str],
    is_secret: bool,
) -> Result<Vec<Vec<f32>>, Failure> {
    if let Some(token) = token {
        return with_token(settings, token, inputs, is_secret).await;
    }
    let request = Request::post(&settings.url, &body(settings, dimension, inputs), is_secret);
    let answer = settings.service.ask(&request).await?;
    read(settings, &request, &answer, inputs.len())
}

fn body(settings: &Settings, dimension: Option<u32>, inputs: &[&str]) -> Value {
    if let Some(custom) = &settings.custom {
        return custom.body(&settings.model, "", inputs);
    }
    let mut body = Map::new();
    body.insert("model".into(), settings.model.as_str().into());
    let input = match inputs {
        [input] if settings.provider == Provider::OpenAi => json!(input),
        inputs => json!(inputs),
    };
    body.insert("input".into(), input);
    if let Some(dimension) = dimension {
        body.insert("dimensions".into(), dimension.into());
    }
    Value::Object(body)
}

/// QIANFAN: the model is a part of the path, the token of the query; a token that has expired is replaced once.
async fn with_token(
    settings: &Settings,
    token: &Token,
    inputs: &[&str],
    is_secret: bool,
) -> Result<Vec<Vec<f32>>, Failure> {
    let mut expired = None;
    loop {
        let current = token.get(&settings.service, expired.as_deref()).await?;
        let mut url = settings.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(&settings.model);
        }
        url.query_pairs_mut().append_pair("access_token", &current);
        let body = json!({"input": inputs}).to_string();
        let request = Request { url, body: Some(body.into()), token: Some(&current), is_secret };
        let answer = settings.service.ask(&request).await?;
        match answer.get("error_code").and_then(Value::as_i64) {
            None => return read(settings, &request, &answer, inputs.len()),
            Some(110 | 111) if expired.is_none() => expired = Some(current),
            Some(code) => {
                let text = settings.service.excerpt(answer.get("error_msg").unwrap_or(&answer), &request);
                return Err(Failure::answer(format!("{} answered error {code}: {text}", request.place())));
            }
        }
    }
}

/// The vectors in an answer.
fn read(
    settings: &Settings,
    request: &Request<'_>,
    answer: &Value,
    inputs: usize,
) -> Result<Vec<Vec<f32>>, Failure> {
    let lacks = |what: &str| missing(&settings.service, request, answer, what);
    let found: Vec<&Value> = match &settings.custom {
        Some(custom) => match custom.find(answer).as_slice() {
            [] => return Err(lacks("what custom_response_parse asks for")),
            [Value::Array(vectors)] if vectors.iter().all(Value::is_array) => vectors.iter().collect(),
            vectors => vectors.to_vec(),
        },
        None => {
            let data = answer.get("data").and_then(Value::as_array).ok_or_else(|| lacks("the array data"))?;
            let mut items: Vec<&Value> = data.iter().collect();
            // Stable: without numbers they stay as they came.
            items.sort_by_key(|item| item.get("index").and_then(Value::as_u64));
            let vectors = items.into_iter().map(|item| item.get("embedding"));
            vectors.collect::<Option<_>>().ok_or_else(|| lacks("data[*].embedding"))?
        }
    };
    if found.len() != inputs {
        let (place, given) = (request.place(), found.len());
        return Err(Failure::answer(format!("{place} answered {given} vectors to {inputs} inputs")));
    }
    let vector = |value: &Value| {
        let numbers = value.as_array().filter(|numbers| !numbers.is_empty())?;
        let narrow = |number: &Value| number.as_f64().map(|number| number as f32).filter(|n| n.is_finite());
        numbers.iter().map(narrow).collect::<Option<Vec<_>>>()
    };
    found
        .into_iter()
        .map(|value| {
            vector(value).ok_or_else(|| {
                let text = settings.service.excerpt(value, request);
                Failure::answer(format!("{} answered {text}, which is no list of numbers", request.place()))
            })
        })
        .collect()
}

/// How many numbers each vector has: as the job says, else as the first one has.
pub(super) struct Dimension {
    given: Option<u32>,
    first: OnceLock<usize>,
}

impl Dimension {
    pub(super) fn new(given: Option<u32>) -> Self {
        Self { given, first: OnceLock::new() }
    }

    /// Whether a vector fits.
    ///
    /// # Errors
    /// It has another dimension.
    pub(super) fn check(&self, vector: &[f32]) -> Result<(), Failure> {
        let found = vector.len();
        match self.given {
            Some(given) if given as usize != found => Err(Failure::answer(format!(
                "the vector has dimension {found}; the job wants dimension = {given}"
            ))),
            Some(_) => Ok(()),
            None => match *self.first.get_or_init(|| found) {
                first if first == found => Ok(()),
                first => Err(Failure::answer(format!(
                    "the vector has dimension {found}; those before it had {first}"
                ))),
            },
        }
    }
}

/// A column of vectors being built.
#[derive(Default)]
pub(super) struct VectorColumn {
    numbers: Vec<f32>,
    lengths: Vec<usize>,
    valid: Vec<bool>,
}

impl VectorColumn {
    /// Appends a vector or a null; of a type with a dimension, every vector must have it.
    pub(super) fn push(&mut self, vector: Option<&[f32]>, dimension: Option<u32>) {
        match (vector, dimension) {
            (Some(vector), _) => self.numbers.extend_from_slice(vector),
            // A list of fixed size has room for nulls too.
            (None, Some(dimension)) => self.numbers.resize(self.numbers.len() + dimension as usize, 0.0),
            (None, None) => {}
        }
        self.lengths.push(vector.map_or(0, <[f32]>::len));
        self.valid.push(vector.is_some());
    }

    /// The column.
    ///
    /// # Errors
    /// More numbers than a column can hold.
    pub(super) fn finish(self, dimension: Option<u32>) -> Result<ArrayRef, Fault> {
        let many = || Fault::external("a batch of vectors has more numbers than a column can hold");
        i32::try_from(self.numbers.len()).map_err(|_| many())?;
        let field = Arc::new(DataType::vector_field());
        let (numbers, nulls) = (Arc::new(Float32Array::from(self.numbers)), NullBuffer::from(self.valid));
        let built: Result<ArrayRef, _> = match dimension.and_then(|dimension| i32::try_from(dimension).ok()) {
            Some(size) => FixedSizeListArray::try_new(field, size, numbers, Some(nulls))
                .map(|a| Arc::new(a) as ArrayRef),
            None => {
                let offsets = OffsetBuffer::from_lengths(self.lengths);
                ListArray::try_new(field, offsets, numbers, Some(nulls)).map(|a| Arc::new(a) as ArrayRef)
            }
        };
        built.map_err(|e| Fault::internal("vectors don't fit their column").caused_by(&e))
    }
}
