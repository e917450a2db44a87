//! Texts as one value: a JSON array, which SQLite's `json_each` takes apart (RFC 8259 section 7).

use std::fmt::Write;

/// The array of these texts.
pub(crate) fn array<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut json = String::from("[");
    for text in texts {
        json.push_str(if json.len() == 1 { "\"" } else { ",\"" });
        text.chars().for_each(|letter| push(&mut json, letter));
        json.push('"');
    }
    json.push(']');
    json
}

fn push(json: &mut String, letter: char) {
    match letter {
        '"' => json.push_str("\\\""),
        '\\' => json.push_str("\\\\"),
        '\0'..='\u{1f}' => {
            // Writing into a `String` cannot fail.
            _ = write!(json, "\\u{:04x}", u32::from(letter));
        }
        _ => json.push(letter),
    }
}

#[cfg(test)]
mod tests {
    use super::array;
    use sqlx::Connection;
    use sqlx::sqlite::SqliteConnection;
    use testkit::ODD_TEXTS;

    #[test]
    fn none_and_one_are_arrays() {
        assert_eq!(array([]), "[]");
        assert_eq!(array(["a\"\\\u{1}", ""]), r#"["a\"\\\u0001",""]"#);
    }

    #[tokio::test]
    async fn sqlite_reads_every_text_as_it_was() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let mut texts: Vec<&str> = ODD_TEXTS.to_vec();
        texts.extend(["", "\u{1}\t\n\u{7f}", "\\u0041", "\"", "\\"]);
        let read: Vec<String> = sqlx::query_scalar("SELECT value FROM json_each(?1)")
            .bind(array(texts.iter().copied()))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        assert_eq!(read, texts);
    }
}
