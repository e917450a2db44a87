//! `GET /openapi.json`, and `GET /docs`: a page to try the calls that needs no internet. Its files
//! are Swagger UI's, built into the binary.

use crate::answer::{self, Answer};
use crate::error::Problem;
use crate::openapi;
use axum::body::Body;
use bytes::Bytes;
use http::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use utoipa_swagger_ui::Config;

/// The contract.
#[utoipa::path(get, path = "/openapi.json", operation_id = "openapi", tag = "documentation",
    responses((status = 200, description = "This document", body = serde_json::Value, content_type = "application/json")))]
pub(crate) fn openapi_json() -> Answer {
    static DOCUMENT: OnceLock<Bytes> = OnceLock::new();
    let document = DOCUMENT.get_or_init(|| Bytes::from(openapi::document().to_string()));
    answer::json(document.clone())
}

/// A page to read and try the contract.
#[utoipa::path(get, path = "/docs", operation_id = "docs", tag = "documentation",
    responses((status = 200, description = "The page", body = String, content_type = "text/html")))]
pub(crate) fn docs() -> Result<Answer, Problem> {
    let mut page = file("index.html")?;
    // The page names its files relative to a folder; it stands at `/docs` without a slash as well.
    let html = String::from_utf8_lossy(&page.bytes)
        .replace("\"./", "\"/docs/")
        .replace("\"index.css\"", "\"/docs/index.css\"");
    page.bytes = Cow::Owned(html.into_bytes());
    Ok(served(page))
}

/// A file of that page.
#[utoipa::path(get, path = "/docs/{file}", operation_id = "docsFile", tag = "documentation",
    params(("file" = String, Path, description = "The file's name", example = "swagger-ui.css")),
    responses((status = 200, description = "The file", body = String, content_type = "text/css")))]
pub(crate) fn docs_file(name: &str) -> Result<Answer, Problem> {
    file(name).map(served)
}

/// A file as the library gives it.
struct File {
    bytes: Cow<'static, [u8]>,
    media_type: String,
}

fn file(name: &str) -> Result<File, Problem> {
    static CONFIG: OnceLock<Arc<Config<'static>>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| Arc::new(Config::from("/openapi.json")));
    match utoipa_swagger_ui::serve(name, Arc::clone(config)) {
        Ok(Some(file)) => Ok(File {
            bytes: file.bytes,
            media_type: file.content_type,
        }),
        Ok(None) => Err(Problem::no_such_path()),
        Err(error) => Err(Problem::internal(format!(
            "the page's file {name}: {error}"
        ))),
    }
}

fn served(file: File) -> Answer {
    let body = match file.bytes {
        Cow::Borrowed(bytes) => Body::from(Bytes::from_static(bytes)),
        Cow::Owned(bytes) => Body::from(bytes),
    };
    let mut answer = Response::new(body);
    answer::set(&mut answer, CONTENT_TYPE, &file.media_type);
    answer
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("max-age=3600"));
    answer
}
