//! The text of values, as Java prints them; bytes are read as UTF-8.

use super::array;
use crate::format::JavaText;
use crate::table::DataType;
use crate::transforms::sql::function::Kernel;
use arrow::array::{Array, ArrayRef, AsArray, StringArray, StringBuilder};
use std::sync::Arc;

/// The text of each value.
pub(super) fn texts(column: &ArrayRef, data_type: &DataType) -> StringArray {
    match data_type {
        DataType::String => column.as_string::<i32>().clone(),
        DataType::Bytes => {
            let bytes = column.as_binary::<i32>().iter();
            bytes.map(|value| value.map(String::from_utf8_lossy)).collect()
        }
        _ => {
            let shown = JavaText::new(column.as_ref(), data_type);
            let mut out = StringBuilder::with_capacity(column.len(), column.len() * 16);
            let mut text = String::new();
            for row in 0..column.len() {
                if shown.is_null(row) {
                    out.append_null();
                    continue;
                }
                text.clear();
                shown.push(row, &mut text);
                out.append_value(&text);
            }
            out.finish()
        }
    }
}

/// The texts of the arguments side by side; null if one is null.
pub(in crate::transforms::sql) fn concatenation(types: Vec<DataType>) -> Kernel {
    Arc::new(move |values| {
        let columns = types.iter().enumerate().map(|(index, data_type)| {
            let column = match values.arguments.get(index) {
                // a scalar is printed once
                Some(datafusion_expr::ColumnarValue::Scalar(value)) => {
                    (value.to_array().map_err(|e| e.to_string())?, true)
                }
                _ => (array(values, index)?, false),
            };
            Ok((texts(&column.0, data_type), column.1))
        });
        let columns = columns.collect::<Result<Vec<_>, String>>()?;
        let bytes = columns
            .iter()
            .map(|(column, is_scalar)| column.value_data().len() * if *is_scalar { values.rows } else { 1 });
        let mut out = StringBuilder::with_capacity(values.rows, bytes.sum());
        let mut text = String::new();
        for row in 0..values.rows {
            text.clear();
            let mut is_null = false;
            for (column, is_scalar) in &columns {
                let at = if *is_scalar { 0 } else { row };
                is_null |= column.is_null(at);
                if is_null {
                    break;
                }
                text.push_str(column.value(at));
            }
            out.append_option((!is_null).then_some(text.as_str()));
        }
        Ok(Arc::new(out.finish()))
    })
}
