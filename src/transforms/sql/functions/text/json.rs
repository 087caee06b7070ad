//! Values out of JSON texts.

use crate::format::json::JsonPath;
use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Function};
use crate::transforms::sql::functions::arguments::always_null;
use crate::transforms::sql::functions::output::texts;
use std::collections::HashMap;

pub(in crate::transforms::sql::functions) const FUNCTIONS: &[Function] = &[Function {
    names: &["GET_JSON_OBJECT"],
    usage: "GET_JSON_OBJECT(json, path)",
    about: "The value at a path ($, .name, [0], ['name']) of a JSON text, as text; null if there is none, if it is null, \
            or if the text or the path can't be read.",
    bind: get_json_object,
}];

fn get_json_object(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(2..=2)?;
    let (json, path) = (call.text(0), call.text(1));
    // a path that can't be read leads nowhere, as in the Java engine
    let literal = call.literal_text(1).map(|path| JsonPath::parse(&path).ok());
    if call.any_null(&[0, 1]) || matches!(literal, Some(None)) {
        return Ok(always_null(DataType::String));
    }
    let literal = literal.flatten();
    Ok(Bound::new(DataType::String, move |values| {
        let (json, path) = (json.of(values)?, path.of(values)?);
        let mut known: HashMap<String, Option<JsonPath>> = HashMap::new();
        let mut found = Vec::new();
        texts(values.rows, values.rows * 8, |row, out| {
            let json = json.get(row)?;
            found.clear();
            match &literal {
                Some(path) => path.find(json, &mut found)?,
                None => {
                    let path = path.get(row)?;
                    if !known.contains_key(path) {
                        known.insert(path.to_owned(), JsonPath::parse(path).ok());
                    }
                    known.get(path)?.as_ref()?.find(json, &mut found)?;
                }
            }
            out.push_str(&String::from_utf8_lossy(&found));
            Some(())
        })
    }))
}
