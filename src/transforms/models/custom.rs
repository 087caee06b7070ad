//! `custom_config`: a service that the job describes: headers, a template of the body, where the answer is.

use super::options::required;
use super::provider::Provider;
use crate::options::{Kind, OptionDef, Options, convert};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use serde_json_path::JsonPath;

pub(super) const PARSE: OptionDef = OptionDef::new(
    "custom_config.custom_response_parse",
    Kind::Text,
    "JSONPath of the answer: of a chat the first value counts, and of a list in it (also as text) its first element; \
     of vectors each value is one, or the only value is the list of them",
);
pub(super) const HEADERS: OptionDef = OptionDef::new(
    "custom_config.custom_request_headers",
    Kind::Object,
    "headers of each request; Content-Type is application/json unless it is among them",
);
pub(super) const BODY: OptionDef = OptionDef::new(
    "custom_config.custom_request_body",
    Kind::Object,
    "body of each request, where ${model}, ${prompt} and ${input} are filled in; an element of a list that holds \
     ${input} is repeated for each input",
);

/// See the module.
pub(super) struct Custom {
    pub(super) headers: HeaderMap,
    body: Value,
    path: JsonPath,
}

impl Custom {
    /// Reads it; notes every problem.
    pub(super) fn read(options: &Options<'_>) -> Option<Self> {
        let path = required(options, &PARSE, Provider::Custom).and_then(|text| {
            // The Java engine's library takes paths without the root.
            let rooted = if text.starts_with('$') { text.clone() } else { format!("$.{text}") };
            let parsed = JsonPath::parse(&rooted);
            parsed.map_err(|e| options.error(PARSE.key, format!("{text:?} is no JSONPath: {e}"))).ok()
        });
        let headers = headers(options);
        let body = body(options);
        Some(Self { headers: headers?, body: body?, path: path? })
    }

    /// What its headers hold, and no text may show: the values, and what follows a scheme like `Bearer`. Very short
    /// ones are no secrets, and would be found in every text.
    pub(super) fn secrets(&self) -> Vec<String> {
        let harmless = [CONTENT_TYPE, ACCEPT];
        let values = self.headers.iter().filter(|(name, _)| !harmless.contains(name));
        let texts = values.filter_map(|(_, value)| value.to_str().ok());
        let texts = texts.flat_map(|text| [text, text.rsplit(' ').next().unwrap_or(text)]);
        texts.filter(|text| text.len() > 3).map(str::to_owned).collect()
    }

    /// Whether one body can carry several inputs.
    pub(super) fn takes_many(&self) -> bool {
        !self.has_single(&self.body)
    }

    fn has_single(&self, part: &Value) -> bool {
        match part {
            Value::String(text) => text.contains(INPUT),
            Value::Object(map) => map.values().any(|value| self.has_single(value)),
            _ => false,
        }
    }

    /// The body of a request.
    pub(super) fn body(&self, model: &str, prompt: &str, inputs: &[&str]) -> Value {
        fill(&self.body, model, prompt, inputs)
    }

    /// What the path finds in an answer.
    pub(super) fn find<'a>(&self, answer: &'a Value) -> Vec<&'a Value> {
        self.path.query(answer).all()
    }
}

const INPUT: &str = "${input}";

fn headers(options: &Options<'_>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    if !options.has(&HEADERS) {
        return Some(headers);
    }
    let mut good = true;
    for (name, value) in &options.object(&HEADERS)? {
        let parsed = HeaderName::from_bytes(name.as_bytes()).ok();
        // The value may be a secret: no text shows it.
        match parsed.zip(HeaderValue::from_str(&convert::to_text(value)).ok()) {
            Some((name, mut value)) => {
                value.set_sensitive(true);
                headers.insert(name, value);
            }
            None => {
                good = false;
                options.error(HEADERS.key, format!("{name:?} can't be sent: its name or its value has a character that headers don't take"));
            }
        }
    }
    good.then_some(headers)
}

fn body(options: &Options<'_>) -> Option<Value> {
    if !options.has(&BODY) {
        options.error(BODY.key, format!("is required with CUSTOM ({})", BODY.about));
        return None;
    }
    let body = options.object(&BODY)?;
    match serde_json::to_value(&body) {
        Ok(body) if holds_input(&body) => Some(body),
        _ => {
            options.error(BODY.key, format!("has no {INPUT}, so no row would be in it"));
            None
        }
    }
}

fn holds_input(part: &Value) -> bool {
    match part {
        Value::String(text) => text.contains(INPUT),
        Value::Array(items) => items.iter().any(holds_input),
        Value::Object(map) => map.values().any(holds_input),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn fill(part: &Value, model: &str, prompt: &str, inputs: &[&str]) -> Value {
    match part {
        Value::String(text) => Value::String(fill_text(text, model, prompt, inputs.first().unwrap_or(&""))),
        Value::Array(items) => {
            let mut filled = Vec::with_capacity(items.len());
            for item in items {
                if holds_input(item) {
                    filled.extend(inputs.iter().map(|input| fill(item, model, prompt, &[*input])));
                } else {
                    filled.push(fill(item, model, prompt, inputs));
                }
            }
            Value::Array(filled)
        }
        Value::Object(map) => {
            map.iter().map(|(key, value)| (key.clone(), fill(value, model, prompt, inputs))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => part.clone(),
    }
}

/// One pass: what is filled in is not looked at again.
fn fill_text(text: &str, model: &str, prompt: &str, input: &str) -> String {
    let mut out = String::with_capacity(text.len() + input.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let known = [("${model}", model), (INPUT, input), ("${prompt}", prompt)];
        let found = known.into_iter().find(|(name, _)| from.starts_with(name));
        let (name, value) = found.unwrap_or(("${", "${"));
        out.push_str(value);
        rest = &from[name.len()..];
    }
    out.push_str(rest);
    out
}
