//! The query of a list: `page_size` and `page_token`, each at most once.

use order_core::domain::Violations;

const PAGE_SIZE: &str = "page_size";
const PAGE_TOKEN: &str = "page_token";

/// Which page is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PageQuery {
    pub(crate) size: Option<i64>,
    pub(crate) token: Option<String>,
}

impl PageQuery {
    /// Reads it, or tells of everything that is wrong with it. Nothing of what is understood has to be
    /// percent-encoded.
    pub(crate) fn parse(query: Option<&str>) -> Result<PageQuery, Violations> {
        let mut wrong = Violations::new();
        let (mut size, mut token) = (None, None);
        let pairs = query.unwrap_or_default().split('&');
        for pair in pairs.filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let kept = match name {
                PAGE_SIZE => &mut size,
                PAGE_TOKEN => &mut token,
                other => {
                    let other: String = other.chars().take(64).collect();
                    wrong.add(other, "is unknown here; known are page_size and page_token");
                    continue;
                }
            };
            if kept.replace(value).is_some() {
                wrong.add(name, "is given twice");
            }
        }
        let number = |text: &str| text.parse().ok().filter(|_| !text.starts_with('+'));
        let parsed: Option<Option<i64>> = size.map(number);
        if parsed == Some(None) {
            wrong.add(PAGE_SIZE, "must be an integer");
        }
        wrong.into_result()?;
        Ok(PageQuery {
            size: parsed.flatten(),
            token: token.map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_asked_for_by_size_and_token() {
        let page = |query| PageQuery::parse(Some(query)).unwrap();
        assert_eq!(PageQuery::parse(None).unwrap(), PageQuery::default());
        let both = page("page_token=17.m3&page_size=10");
        assert_eq!(
            (both.size, both.token.as_deref()),
            (Some(10), Some("17.m3"))
        );
        assert_eq!(page("&page_size=-1&").size, Some(-1));
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let wrong = PageQuery::parse(Some("page_size=+1&size=3&page_token=a&page_token=b"));
        let wrong = wrong.unwrap_err();
        let mut fields: Vec<&str> = wrong.as_slice().iter().map(|v| v.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["page_size", "page_token", "size"]);
    }
}
