//! `/`: the dashboard, hand-written files that are part of the program. It loads nothing from elsewhere, and
//! its policy lets it load nothing else.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Scripts and styles are files of ours alone, none stands in the page, and none is made of text
/// (Trusted Types). The page may be framed by nobody and send forms nowhere.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// A file of the page.
pub(crate) struct File {
    /// Where it is asked for.
    pub(crate) path: &'static str,
    content_type: &'static str,
    text: &'static str,
}

/// Gives the file of this name in `page/` the path `/page/NAME`.
macro_rules! file {
    ($name:literal, $content_type:ident) => {
        File {
            path: concat!("/page/", $name),
            content_type: $content_type,
            text: include_str!(concat!("../page/", $name)),
        }
    };
}

/// Every file. Together they stay below 100 KiB: the first view is all of them.
pub(crate) const FILES: [File; 17] = [
    File {
        path: "/",
        content_type: HTML,
        text: include_str!("../page/index.html"),
    },
    file!("icon.svg", SVG),
    file!("theme.css", CSS),
    file!("layout.css", CSS),
    file!("parts.css", CSS),
    file!("main.js", SCRIPT),
    file!("dom.js", SCRIPT),
    file!("format.js", SCRIPT),
    file!("live.js", SCRIPT),
    file!("verdict.js", SCRIPT),
    file!("network.js", SCRIPT),
    file!("orders.js", SCRIPT),
    file!("pods.js", SCRIPT),
    file!("security.js", SCRIPT),
    file!("repair.js", SCRIPT),
    file!("netcheck.js", SCRIPT),
    file!("ask.js", SCRIPT),
];

impl File {
    /// The file, or 304 to who has it (RFC 9110, section 13.1.2): it changes with the program alone, so it is
    /// asked for each time and sent once.
    pub(crate) fn answer(&self, head: &HeaderMap) -> Response {
        let tag = self.tag();
        let known = head.get_all(header::IF_NONE_MATCH).iter();
        let known = known.filter_map(|value| value.to_str().ok());
        let mut known = known.flat_map(|value| value.split(',')).map(str::trim);
        let same = known.any(|known| known == "*" || known.trim_start_matches("W/") == tag);
        // Hexadecimal digits in quotes.
        let tag = HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\""));
        let headers = [
            (header::ETAG, tag),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static(self.content_type),
            ),
            (
                header::CONTENT_SECURITY_POLICY,
                HeaderValue::from_static(CONTENT_SECURITY_POLICY),
            ),
            (
                header::X_CONTENT_TYPE_OPTIONS,
                HeaderValue::from_static("nosniff"),
            ),
            (
                header::REFERRER_POLICY,
                HeaderValue::from_static("no-referrer"),
            ),
        ];
        if same {
            (StatusCode::NOT_MODIFIED, headers).into_response()
        } else {
            (headers, self.text).into_response()
        }
    }

    fn tag(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.text.hash(&mut hasher);
        format!("\"{:016x}\"", hasher.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_differ_by_path_and_tag() {
        for (at, file) in FILES.iter().enumerate() {
            for other in &FILES[at + 1..] {
                assert_ne!(file.path, other.path);
                assert_ne!(file.tag(), other.tag(), "{}", file.path);
            }
        }
    }

    #[test]
    fn nothing_comes_from_elsewhere_and_no_script_or_style_stands_in_the_page() {
        for file in &FILES {
            // A name space of XML is a name, not an address.
            let text = file.text.replace("http://www.w3.org/2000/svg", "");
            for word in ["http://", "https://", "innerHTML", "eval(", "import("] {
                assert!(!text.contains(word), "{word} in {}", file.path);
            }
        }
        let page = FILES[0].text;
        for word in ["<style", " style=", " on", "javascript:"] {
            let found = page.match_indices(word).map(|(at, _)| &page[at..]);
            // `onclick=` and its like, not words that begin so.
            let wrong = |rest: &str| {
                word != " on" || {
                    let name: String = rest[1..]
                        .chars()
                        .take_while(char::is_ascii_lowercase)
                        .collect();
                    rest[1 + name.len()..].starts_with('=')
                }
            };
            assert_eq!(found.filter(|rest| wrong(rest)).count(), 0, "{word}");
        }
        for script in page.split("<script").skip(1) {
            assert!(
                script.contains("src=") && script.contains("></script>"),
                "{script}"
            );
        }
    }

    #[test]
    fn the_first_view_is_small() {
        let all: usize = FILES.iter().map(|file| file.text.len()).sum();
        assert!(all <= 100 * 1024, "{all} bytes");
    }
}
