//! `If-Match` and `If-None-Match` (RFC 9110 section 13).

use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName};
use order_core::domain::Violations;
use serde_json::json;
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The entity tags that a condition names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tags {
    /// `*`: any version.
    Any,
    /// These versions; tags that this service never gave stand for none.
    Versions {
        /// Strong tags.
        strong: Vec<u64>,
        /// Weak tags.
        weak: Vec<u64>,
    },
}

impl Tags {
    /// Whether a strong comparison finds `version`: weak tags never match.
    pub(crate) fn match_strongly(&self, version: u64) -> bool {
        match self {
            Tags::Any => true,
            Tags::Versions { strong, .. } => strong.contains(&version),
        }
    }

    /// Whether a weak comparison finds `version`.
    pub(crate) fn match_weakly(&self, version: u64) -> bool {
        match self {
            Tags::Any => true,
            Tags::Versions { strong, weak } => strong.contains(&version) || weak.contains(&version),
        }
    }

    /// What to tell a caller whose weak tags were passed over.
    pub(crate) fn advice(&self) -> &'static str {
        match self {
            Tags::Versions { weak, .. } if !weak.is_empty() => {
                " (a weak tag, W/\"…\", never matches If-Match: send the ETag as it was given)"
            }
            _ => "",
        }
    }

    /// The versions to which a change may apply; `None`: to any.
    pub(crate) fn into_expected(self) -> Option<Vec<u64>> {
        match self {
            Tags::Any => None,
            Tags::Versions { strong, .. } => Some(strong),
        }
    }
}

/// The `If-Match` of a request.
pub(crate) fn if_match(headers: &HeaderMap, wrong: &mut Violations) -> Option<Tags> {
    tags(headers, &IF_MATCH, "If-Match", wrong)
}

/// The `If-None-Match` of a request.
pub(crate) fn if_none_match(headers: &HeaderMap, wrong: &mut Violations) -> Option<Tags> {
    tags(headers, &IF_NONE_MATCH, "If-None-Match", wrong)
}

/// `If-None-Match` makes no sense for a change of what is there; ignoring it would hide a mistake.
pub(crate) fn refuse_if_none_match(headers: &HeaderMap, wrong: &mut Violations) {
    if headers.contains_key(IF_NONE_MATCH) {
        wrong.add(
            "If-None-Match",
            "is for reading; name the version to change with If-Match",
        );
    }
}

fn tags(
    headers: &HeaderMap,
    name: &HeaderName,
    field: &str,
    wrong: &mut Violations,
) -> Option<Tags> {
    if !headers.contains_key(name) {
        return None;
    }
    let values = headers.get_all(name).iter();
    let text = values
        .map(|value| value.to_str())
        .collect::<Result<Vec<&str>, _>>();
    let parsed = text.ok().and_then(|lines| parse(&lines.join(",")));
    if parsed.is_none() {
        wrong.add(field, "must be * or a list of entity tags such as \"v3\"");
    }
    parsed
}

fn parse(text: &str) -> Option<Tags> {
    if text.trim() == "*" {
        return Some(Tags::Any);
    }
    let (mut strong, mut weak) = (Vec::new(), Vec::new());
    let mut rest = text.trim();
    let mut any = false;
    while !rest.is_empty() {
        // Lists may have empty elements (RFC 9110 section 5.6.1.2).
        if let Some(after) = rest.strip_prefix(',') {
            rest = after.trim_start();
            continue;
        }
        let (list, quoted) = match rest.strip_prefix("W/") {
            Some(quoted) => (&mut weak, quoted),
            None => (&mut strong, rest),
        };
        let (tag, after) = quoted.strip_prefix('"')?.split_once('"')?;
        if !tag
            .bytes()
            .all(|byte| byte == 0x21 || (0x23..=0x7E).contains(&byte))
        {
            return None;
        }
        list.extend(version(tag));
        any = true;
        rest = after.trim_start();
        if !rest.is_empty() && !rest.starts_with(',') {
            return None;
        }
    }
    any.then_some(Tags::Versions { strong, weak })
}

/// The version that a tag of ours names: `v3`, and no other spelling of it.
fn version(tag: &str) -> Option<u64> {
    let digits = tag
        .strip_prefix('v')
        .filter(|digits| !digits.starts_with(['0', '+']))?;
    digits.parse().ok()
}

/// The schema of both headers. `*` stands apart from the list: a generator of requests that looks for
/// the simplest value finds it, where a single pattern of both leaves it with none.
pub(crate) struct EntityTags;

impl PartialSchema for EntityTags {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let any = text()
            .enum_values(Some(["*"]))
            .description(Some("Any version."));
        let list = text()
            .pattern(Some(r#"^(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*$"#))
            .examples([json!("\"v1\"")])
            .description(Some(
                "Entity tags as answers bear them in `ETag`, between commas.",
            ));
        let either = AnyOfBuilder::new().item(any).item(list).description(Some(
            "`*`, or a list of entity tags (RFC 9110 section 13.1).",
        ));
        RefOr::T(Schema::AnyOf(either.build()))
    }
}

impl ToSchema for EntityTags {
    fn name() -> std::borrow::Cow<'static, str> {
        "EntityTags".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(strong: &[u64], weak: &[u64]) -> Tags {
        Tags::Versions {
            strong: strong.to_vec(),
            weak: weak.to_vec(),
        }
    }

    #[test]
    fn lists_are_read_as_the_rfc_writes_them() {
        for (text, expected) in [
            ("*", Some(Tags::Any)),
            (" * ", Some(Tags::Any)),
            ("\"v3\"", Some(versions(&[3], &[]))),
            (
                "\"v3\" , W/\"v4\",\"other\", \"v03\",\"\"",
                Some(versions(&[3], &[4])),
            ),
            (",\"v1\",,", Some(versions(&[1], &[]))),
            ("\"a,b\"", Some(versions(&[], &[]))),
            ("v3", None),
            ("", None),
            (",", None),
            ("\"v3", None),
            ("w/\"v3\"", None),
            ("\"v3\" \"v4\"", None),
            ("*, \"v3\"", None),
            ("\"v 3\"", None),
        ] {
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_weak_tag_matches_for_reading_alone() {
        let tags = parse("W/\"v3\"").unwrap();
        assert!(tags.match_weakly(3) && !tags.match_strongly(3));
        assert_eq!(tags.into_expected(), Some(Vec::new()));
    }
}
