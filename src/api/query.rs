//! Query parameters and path segments, percent-decoded.

use super::error::ApiError;
use percent_encoding::percent_decode_str;
use std::convert::Infallible;
use std::str::FromStr;
use warp::Filter;

/// The parameters of a request, in order; `+` is a blank. Names are case-sensitive; of repeated ones the last counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the raw text behind `?`.
    pub(super) fn parse(raw: &str) -> Self {
        let decode = |text: &str| {
            let blanks = text.replace('+', " ");
            percent_decode_str(&blanks).decode_utf8_lossy().into_owned()
        };
        let pairs = raw.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        });
        Self(pairs.collect())
    }

    /// The last value of that name; a blank one counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.as_str())?;
        Some(value).filter(|v| !v.trim().is_empty())
    }

    /// Every value of that name, in order.
    pub(super) fn all<'q>(&'q self, name: &'q str) -> impl Iterator<Item = &'q str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The same with `weaker` parameters, which count where these say nothing.
    pub(super) fn over(self, weaker: Vec<(String, String)>) -> Self {
        Self(weaker.into_iter().chain(self.0).collect())
    }

    /// Every parameter.
    pub(super) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

/// Extracts the query; never rejects.
pub(super) fn query() -> impl Filter<Extract = (Query,), Error = Infallible> + Clone {
    warp::query::raw()
        .or_else(|_| async { Ok::<_, Infallible>((String::new(),)) })
        .map(|raw: String| Query::parse(&raw))
}

/// One path segment, percent-decoded; bad UTF-8 is no match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment(pub(super) String);

impl FromStr for Segment {
    type Err = std::str::Utf8Error;

    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        Ok(Self(percent_decode_str(raw).decode_utf8()?.into_owned()))
    }
}

/// Reads true or false as it was typed, in any letter case; blank is false.
///
/// # Errors
/// Any other text: what was meant can't be known, and a stop without its savepoint can't be taken back.
pub(super) fn flag(name: &str, typed: &str) -> Result<bool, ApiError> {
    match typed.trim().to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" | "" => Ok(false),
        _ => Err(ApiError::bad(format!("{name}: \"{typed}\" is not allowed here; allowed: true, false"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_and_takes_the_last() {
        let query = Query::parse("a=1&a=2&name=two+words%20%C3%A9&blank=&flag");
        assert_eq!(query.get("a"), Some("2"));
        assert_eq!(query.get("name"), Some("two words é"));
        assert_eq!(query.get("blank"), None);
        assert_eq!(query.get("flag"), None);
        assert_eq!(query.pairs().len(), 5);
    }

    #[test]
    fn flags_are_true_or_false() {
        assert!(matches!(flag("f", " TRUE "), Ok(true)));
        assert!(matches!(flag("f", ""), Ok(false)));
        let error = flag("isStopWithSavePoint", "yes").unwrap_err();
        assert_eq!(error.message, "isStopWithSavePoint: \"yes\" is not allowed here; allowed: true, false");
    }
}
