//! A form with files (`multipart/form-data`), taken apart: what an upload sends.

use super::error::ApiError;
use memchr::memmem;

/// One field of a form.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part<'b> {
    /// Its name.
    pub name: String,
    /// Name of the file, if it is one.
    pub file: Option<String>,
    /// What it holds.
    pub content: &'b [u8],
}

/// The fields of a form.
///
/// # Errors
/// A body that is no such form.
pub(super) fn parts<'b>(content_type: Option<&str>, body: &'b [u8]) -> Result<Vec<Part<'b>>, ApiError> {
    let boundary = content_type.and_then(boundary).ok_or_else(|| {
        let given = content_type.unwrap_or("none");
        ApiError::bad(format!(
            "content-type: multipart/form-data with a boundary is wanted, given is {given}"
        ))
    })?;
    let delimiter = format!("--{boundary}");
    let starts = memmem::find_iter(body, delimiter.as_bytes());
    // A boundary stands at the start of a line.
    let mut starts = starts.filter(|at| *at == 0 || body[..*at].ends_with(b"\r\n"));
    let mut parts = Vec::new();
    let mut start = starts.next().ok_or_else(|| broken("the boundary of its header is not in it"))?;
    loop {
        let behind = &body[start + delimiter.len()..];
        if behind.starts_with(b"--") {
            return Ok(parts);
        }
        let end = starts.next().ok_or_else(|| broken("it ends within a part"))?;
        let from = start + delimiter.len();
        let whole = body.get(from..end.saturating_sub(2)).ok_or_else(|| broken("a part is empty"))?;
        parts.push(part(whole)?);
        start = end;
    }
}

fn broken(why: &str) -> ApiError {
    ApiError::bad(format!("the form can't be read: {why}"))
}

/// The boundary that a content type names.
fn boundary(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    parameter(parameters, "boundary").filter(|boundary| !boundary.is_empty())
}

/// A part from behind its boundary.
fn part(whole: &[u8]) -> Result<Part<'_>, ApiError> {
    let end = memmem::find(whole, b"\r\n\r\n").ok_or_else(|| broken("a part has no header"))?;
    let header = String::from_utf8_lossy(&whole[..end]);
    let disposition = header.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then(|| value.to_owned())
    });
    let disposition = disposition.ok_or_else(|| broken("a part has no Content-Disposition"))?;
    let name = parameter(&disposition, "name").ok_or_else(|| broken("a part has no name"))?;
    let file = parameter(&disposition, "filename").filter(|file| !file.is_empty());
    Ok(Part { name, file, content: &whole[end + 4..] })
}

/// The value of `name` among `…; name="value"; …`.
fn parameter(parameters: &str, name: &str) -> Option<String> {
    let mut rest = parameters;
    loop {
        let (key, behind) = rest.split_once('=')?;
        // What stands before the last `;` is a value without `=`.
        let key = key.rsplit(';').next().unwrap_or(key).trim();
        let behind = behind.trim_start();
        let (value, after) = match behind.strip_prefix('"') {
            Some(quoted) => unquoted(quoted),
            None => {
                let end = behind.find(';').unwrap_or(behind.len());
                (behind[..end].trim().to_owned(), &behind[end..])
            }
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = after;
    }
}

/// A text up to its closing quote, and what follows.
fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TYPE: &str = "multipart/form-data; charset=utf-8; boundary=\"-x y\"";

    fn form(parts: &[(&str, &str)]) -> String {
        let parts = parts.iter().map(|(header, content)| format!("---x y\r\n{header}\r\n\r\n{content}\r\n"));
        parts.collect::<String>() + "---x y--\r\n"
    }

    #[test]
    fn fields_and_files() {
        let body = form(&[
            (
                "content-disposition: form-data; name=\"a \\\"q\\\"\"; filename=\"x;y=z.conf\"\r\nX: y",
                "l1\r\n---x\r\nl2",
            ),
            ("Content-Disposition: form-data; name=b", ""),
        ]);
        let part = |name: &str, file: Option<&str>, content: &'static [u8]| Part {
            name: name.into(),
            file: file.map(Into::into),
            content,
        };
        let wanted = [part("a \"q\"", Some("x;y=z.conf"), b"l1\r\n---x\r\nl2"), part("b", None, b"")];
        assert_eq!(parts(Some(TYPE), body.as_bytes()).unwrap(), wanted);
        assert!(parts(Some(TYPE), b"---x y--").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_form() {
        for (content_type, body, wanted) in [
            (None, "", "given is none"),
            (Some("text/plain"), "", "given is text/plain"),
            (Some("multipart/form-data"), "", "with a boundary"),
            (Some("application/json; boundary=x"), "--x--", "with a boundary"),
            (Some(TYPE), "", "the boundary of its header is not in it"),
            (Some(TYPE), "---x y\r\n", "it ends within a part"),
            (Some(TYPE), "---x y\r\nA: b\r\n---x y--", "a part has no header"),
            (Some(TYPE), "---x y\r\nA: b\r\n\r\n\r\n---x y--", "a part has no Content-Disposition"),
            (
                Some(TYPE),
                "---x y\r\nContent-Disposition: form-data\r\n\r\n\r\n---x y--",
                "a part has no name",
            ),
        ] {
            let error = parts(content_type, body.as_bytes()).unwrap_err();
            assert!(error.message.contains(wanted), "{body:?}: {}", error.message);
        }
    }

    proptest! {
        #[test]
        fn any_content_comes_back(content in prop::collection::vec(any::<u8>(), 0..200), cut in 0..400usize) {
            let mut body = b"--b\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n".to_vec();
            body.extend(&content);
            body.extend(b"\r\n--b--\r\n");
            let kind = Some("multipart/form-data;boundary=b");
            if memmem::find(&content, b"--b").is_none() {
                prop_assert_eq!(parts(kind, &body).unwrap()[0].content, content.as_slice());
            }
            // Wherever it is cut off: no panic.
            drop(parts(kind, &body[..cut.min(body.len())]));
        }
    }
}
