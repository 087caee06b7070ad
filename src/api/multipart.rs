//! A form with files (`multipart/form-data`), taken apart: what an upload sends.

use super::error::ApiError;
use bytes::Bytes;
use multer::Multipart;
use std::convert::Infallible;

/// One field of a form.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Its name.
    pub name: String,
    /// Name of the file, if it is one.
    pub file: Option<String>,
    /// What it holds.
    pub content: Bytes,
}

/// The fields of a form.
///
/// # Errors
/// A body that is no such form.
pub(super) async fn parts(content_type: Option<&str>, body: Bytes) -> Result<Vec<Part>, ApiError> {
    let given = content_type.unwrap_or("none");
    let boundary = multer::parse_boundary(given).map_err(|_| {
        ApiError::bad(format!(
            "content-type: multipart/form-data with a boundary is wanted, given is {given}"
        ))
    })?;
    let body = futures::stream::once(async { Ok::<Bytes, Infallible>(body) });
    let mut form = Multipart::new(body, boundary);
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|e| broken(&e.to_string()))? {
        let name = field.name().ok_or_else(|| broken("a part has no name"))?.to_owned();
        let file = field.file_name().filter(|file| !file.is_empty()).map(str::to_owned);
        let content = field.bytes().await.map_err(|e| broken(&e.to_string()))?;
        parts.push(Part { name, file, content });
    }
    Ok(parts)
}

fn broken(why: &str) -> ApiError {
    ApiError::bad(format!("the form can't be read: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TYPE: &str = "multipart/form-data; charset=utf-8; boundary=\"-x-y\"";

    fn form(parts: &[(&str, &str)]) -> String {
        let parts = parts.iter().map(|(header, content)| format!("---x-y\r\n{header}\r\n\r\n{content}\r\n"));
        parts.collect::<String>() + "---x-y--\r\n"
    }

    fn read(content_type: Option<&str>, body: &[u8]) -> Result<Vec<Part>, ApiError> {
        futures::executor::block_on(parts(content_type, Bytes::copy_from_slice(body)))
    }

    #[test]
    fn fields_and_files() {
        let body = form(&[
            (
                "content-disposition: form-data; name=\"a b\"; filename=\"x;y=z.conf\"\r\nX: y",
                "l1\r\n---x\r\nl2",
            ),
            ("Content-Disposition: form-data; name=b", ""),
        ]);
        let part = |name: &str, file: Option<&str>, content: &'static str| Part {
            name: name.into(),
            file: file.map(Into::into),
            content: Bytes::from_static(content.as_bytes()),
        };
        let wanted = [part("a b", Some("x;y=z.conf"), "l1\r\n---x\r\nl2"), part("b", None, "")];
        assert_eq!(read(Some(TYPE), body.as_bytes()).unwrap(), wanted);
        assert!(read(Some(TYPE), b"---x-y--").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_form() {
        for (content_type, body, wanted) in [
            (None, "", "given is none"),
            (Some("text/plain"), "", "given is text/plain"),
            (Some("multipart/form-data"), "", "with a boundary"),
            (Some("application/json; boundary=x"), "--x--", "with a boundary"),
            (Some(TYPE), "", "the form can't be read"),
            (Some(TYPE), "---x-y\r\n", "the form can't be read"),
            (Some(TYPE), "---x-y\r\nA: b\r\n---x-y--", "the form can't be read"),
            (Some(TYPE), "---x-y\r\nA: b\r\n\r\n\r\n---x-y--", "a part has no name"),
            (
                Some(TYPE),
                "---x-y\r\nContent-Disposition: form-data\r\n\r\n\r\n---x-y--",
                "a part has no name",
            ),
        ] {
            let error = read(content_type, body.as_bytes()).unwrap_err();
            assert!(error.message.contains(wanted), "{body:?}: {}", error.message);
        }
    }

    proptest! {
        #[test]
        fn any_content_comes_back(content in prop::collection::vec(any::<u8>(), 0..200), cut in 0..400usize) {
            let mut body = b"--bound\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n".to_vec();
            body.extend(&content);
            body.extend(b"\r\n--bound--\r\n");
            let kind = Some("multipart/form-data;boundary=bound");
            prop_assert_eq!(&read(kind, &body).unwrap()[0].content[..], content.as_slice());
            // Wherever it is cut off: no panic.
            drop(read(kind, &body[..cut.min(body.len())]));
        }
    }
}
