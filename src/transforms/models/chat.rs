//! What a chat model is asked, and its answer.

use super::client::{Request, Service};
use super::failure::Failure;
use super::options::Settings;
use super::provider::Provider;
use crate::table::DataType;
use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, StringArray};
use serde_json::{Value, json};
use std::sync::Arc;

/// Type of the column of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    Text,
    Int,
    BigInt,
    Double,
    /// `strict`: another text than true and false is a fault, not false.
    Boolean {
        strict: bool,
    },
}

impl Output {
    /// The names of the types.
    pub(super) const NAMES: [&'static str; 5] = ["STRING", "INT", "BIGINT", "DOUBLE", "BOOLEAN"];

    /// The type of a name.
    pub(super) fn of(name: &str, strict: bool) -> Self {
        match name {
            "INT" => Self::Int,
            "BIGINT" => Self::BigInt,
            "DOUBLE" => Self::Double,
            "BOOLEAN" => Self::Boolean { strict },
            _ => Self::Text,
        }
    }

    /// Its column type.
    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::String,
            Self::Int => DataType::Int,
            Self::BigInt => DataType::BigInt,
            Self::Double => DataType::Double,
            Self::Boolean { .. } => DataType::Boolean,
        }
    }

    /// An answer as a value of the type; null stays null.
    ///
    /// # Errors
    /// What was wanted.
    fn convert(self, answer: &Value) -> Result<Value, String> {
        let text = match answer {
            Value::Null => return Ok(Value::Null),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let plain = text.trim();
        let whole = |least: i64, most: i64| {
            let number = plain.parse::<i64>().ok().filter(|number| (least..=most).contains(number));
            number.map(Value::from)
        };
        let converted = match self {
            Self::Text => Some(Value::String(text.clone())),
            Self::Int => whole(i32::MIN.into(), i32::MAX.into()),
            Self::BigInt => whole(i64::MIN, i64::MAX),
            Self::Double => plain.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from),
            Self::Boolean { strict } => match plain.to_ascii_lowercase().as_str() {
                "true" => Some(Value::Bool(true)),
                "false" => Some(Value::Bool(false)),
                _ => (!strict).then_some(Value::Bool(false)),
            },
        };
        converted.ok_or_else(|| format!("is no {}", self.data_type()))
    }

    /// The column of converted answers.
    pub(super) fn column(self, answers: &[Value]) -> ArrayRef {
        let answers = answers.iter();
        match self {
            Self::Text => Arc::new(answers.map(Value::as_str).collect::<StringArray>()),
            Self::Int => {
                let number = |answer: &Value| answer.as_i64().and_then(|number| i32::try_from(number).ok());
                Arc::new(answers.map(number).collect::<Int32Array>())
            }
            Self::BigInt => Arc::new(answers.map(Value::as_i64).collect::<Int64Array>()),
            Self::Double => Arc::new(answers.map(Value::as_f64).collect::<Float64Array>()),
            Self::Boolean { .. } => Arc::new(answers.map(Value::as_bool).collect::<BooleanArray>()),
        }
    }

    /// The prompt with what makes answers readable.
    pub(super) fn prompt(self, prompt: &str) -> String {
        format!(
            "{prompt}\nThe input is a JSON array of rows. Answer with a JSON array that has one element for each row, \
             in the same order, and with nothing else: no explanation, no markup. Each element is of type {}. \
             For two rows of text an answer looks like [\"one\", \"two\"].",
            self.data_type()
        )
    }
}

/// What is shown to the model.
pub(super) struct Row {
    /// A JSON array of one object.
    pub(super) json: String,
    /// Whether it holds values that must not stand in a message.
    pub(super) is_secret: bool,
}

/// Asks for one row.
pub(super) async fn ask(
    settings: &Settings,
    prompt: &str,
    row: &Row,
    output: Output,
) -> Result<Value, Failure> {
    let is_secret = row.is_secret;
    let row = row.json.as_str();
    let body = match &settings.custom {
        Some(custom) => custom.body(&settings.model, prompt, &[row]),
        None => {
            let messages = json!([{"role": "system", "content": prompt}, {"role": "user", "content": row}]);
            // The model is in the URL there.
            if settings.provider == Provider::Microsoft {
                json!({"messages": messages})
            } else {
                json!({"model": settings.model, "messages": messages})
            }
        }
    };
    let request = Request::post(&settings.url, &body, is_secret);
    let service = &settings.service;
    let answer = service.ask(&request).await?;
    let element = match &settings.custom {
        Some(custom) => {
            let found = custom.find(&answer);
            let first = found.first().copied().and_then(free_element);
            first.ok_or_else(|| missing(service, &request, &answer, "what custom_response_parse asks for"))?
        }
        None => {
            let content = answer.pointer("/choices/0/message/content");
            let content =
                content.ok_or_else(|| missing(service, &request, &answer, "choices[0].message.content"))?;
            element(content).map_err(|problem| {
                let text = service.excerpt(content, &request);
                Failure::answer(format!("{} answered {text}, which {problem}", request.place()))
            })?
        }
    };
    output.convert(&element).map_err(|problem| {
        let text = service.excerpt(&element, &request);
        Failure::answer(format!("{} answered {text}, which {problem}", request.place()))
    })
}

pub(super) fn missing(service: &Service, request: &Request<'_>, answer: &Value, what: &str) -> Failure {
    let text = service.excerpt(answer, request);
    Failure::answer(format!("the answer of {} lacks {what}: {text}", request.place()))
}

/// The first element of the array that a content is.
fn element(content: &Value) -> Result<Value, &'static str> {
    let text = content.as_str().ok_or("is no text")?;
    let parsed: Value =
        serde_json::from_str(unfenced(text)).map_err(|_| "is not the JSON array that was asked for")?;
    let items = parsed.as_array().ok_or("is JSON, but not the array that was asked for")?;
    items.first().cloned().ok_or("has no element")
}

/// Of a service of its own kind: the first element of an array, also of one that is text; else the value itself.
fn free_element(found: &Value) -> Option<Value> {
    let parsed = found.as_str().and_then(|text| serde_json::from_str(unfenced(text)).ok());
    match parsed.as_ref().unwrap_or(found) {
        Value::Array(items) => items.first().cloned(),
        _ => Some(found.clone()),
    }
}

/// Without the Markdown fence that models like to put around JSON.
fn unfenced(text: &str) -> &str {
    let text = text.trim();
    let inner = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    inner.map_or(text, |inner| inner.strip_prefix("json").unwrap_or(inner).trim())
}
