//! How far a start has come.

use crate::store::Loading;
use serde_json::{Value, json};

/// The longest that a client is asked to wait before it tries again, in seconds.
const PATIENCE: u64 = 5;

/// The history that is being loaded; null when it is there.
#[must_use]
pub fn loading(loading: Option<&Loading>) -> Value {
    loading.map_or(Value::Null, |Loading { step, done, total, unit }| {
        json!({"step": step, "done": done, "total": total, "unit": unit})
    })
}

/// The start that is under way, also between steps that are measured.
#[must_use]
pub fn starting(progress: Option<&Loading>) -> Value {
    let between = Loading { step: "starting", done: 0, total: 0, unit: "" };
    loading(Some(progress.unwrap_or(&between)))
}

/// Seconds after which it is worth to ask again: the more is left of the step, the longer.
#[must_use]
pub fn retry_after(loading: &Loading) -> u64 {
    let left = loading.total.saturating_sub(loading.done);
    let share = left.saturating_mul(PATIENCE - 1).checked_div(loading.total);
    share.map_or(2, |seconds| 1 + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_is_left_the_later_to_ask_again() {
        let at = |done, total| retry_after(&Loading { step: "s", done, total, unit: "bytes" });
        assert_eq!((at(0, 0), at(0, 100), at(50, 100), at(99, 100), at(100, 100)), (2, 5, 3, 1, 1));
        assert_eq!((at(200, 100), at(0, u64::MAX)), (1, 2), "never nonsense");
    }

    #[test]
    fn shapes() {
        let some = Loading { step: "reading the journal", done: 1, total: 2, unit: "bytes" };
        let shown = json!({"step": "reading the journal", "done": 1, "total": 2, "unit": "bytes"});
        assert_eq!((loading(Some(&some)), loading(None)), (shown.clone(), Value::Null));
        assert_eq!((starting(Some(&some)), &starting(None)["step"]), (shown, &json!("starting")));
    }
}
