//! Rust source as the rules see it: comments and literals blanked, test modules cut off.
//!
//! A word in a comment, a string or a test breaks no wall, so the rules look at what is left.
//! This is a small scanner, not a parser: it knows just enough of Rust's lexical rules.

/// The code of a file, line by line, without comments, literals and unit tests.
pub(crate) fn shipped_lines(source: &str) -> Vec<String> {
    let blanked = blank(source);
    let lines: Vec<&str> = blanked.lines().collect();
    let end = (0..lines.len())
        .find(|&at| opens_test_module(&lines[at..]))
        .unwrap_or(lines.len());
    lines[..end].iter().map(|line| (*line).to_owned()).collect()
}

/// House style puts unit tests at the end of the file: `#[cfg(test)]`, then `mod tests {`.
fn opens_test_module(lines: &[&str]) -> bool {
    let is_test = lines[0].trim_start().starts_with("#[cfg(test)]");
    let next = lines[1..]
        .iter()
        .map(|line| line.trim())
        .find(|line| !line.is_empty() && !line.starts_with("#["));
    is_test && next.is_some_and(|line| line.starts_with("mod ") && line.ends_with('{'))
}

/// Replaces what is inside comments and literals by blanks; line ends stay.
fn blank(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    let mut after_name = false;
    while let Some(first) = rest.chars().next() {
        // In `br"` and `r#"` the prefix opens a literal; in `bar"` it would not.
        let literal = if after_name {
            plain_literal
        } else {
            prefixed_literal
        };
        let length = comment(rest).or_else(|| literal(rest));
        let (length, hide) = length.map_or((first.len_utf8(), false), |length| (length, true));
        let (piece, next) = rest.split_at(length);
        if hide {
            out.extend(piece.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        } else {
            out.push_str(piece);
        }
        after_name = !hide && (first.is_alphanumeric() || first == '_');
        rest = next;
    }
    out
}

/// The length of the comment that `rest` begins with, if it begins with one.
fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    rest.starts_with("/*").then(|| block_comment(rest))
}

/// The length of the literal that `rest` begins with, if it begins with one.
fn prefixed_literal(rest: &str) -> Option<usize> {
    let unprefixed = rest.trim_start_matches(['b', 'c']);
    let prefix = rest.len() - unprefixed.len();
    if prefix <= 1
        && let Some(raw) = unprefixed.strip_prefix('r')
    {
        let quoted = raw.trim_start_matches('#');
        let hashes = raw.len() - quoted.len();
        if let Some(body) = quoted.strip_prefix('"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let end = body.find(&close).map_or(body.len(), |at| at + close.len());
            return Some(prefix + 1 + hashes + 1 + end);
        }
    }
    if prefix <= 1 {
        return plain_literal(unprefixed).map(|length| prefix + length);
    }
    None
}

/// The length of a string or character literal without a prefix; a lifetime is none.
fn plain_literal(rest: &str) -> Option<usize> {
    if let Some(body) = rest.strip_prefix('"') {
        return Some(1 + escaped(body, '"'));
    }
    let body = rest.strip_prefix('\'')?;
    let mut characters = body.chars();
    let first = characters.next()?;
    let is_character = first == '\\' || characters.next() == Some('\'');
    is_character.then(|| 1 + escaped(body, '\''))
}

/// The length up to and with the closing quote that no backslash escapes.
fn escaped(body: &str, quote: char) -> usize {
    let mut skip = false;
    for (at, c) in body.char_indices() {
        match c {
            _ if skip => skip = false,
            '\\' => skip = true,
            _ if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    body.len()
}

/// The length of a block comment; Rust's nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_hidden(source: &str) {
        let blanked = blank(source);
        assert!(!blanked.contains("HIDE"), "{blanked}");
        assert_eq!(
            blanked.matches("KEEP").count(),
            source.matches("KEEP").count(),
            "{blanked}"
        );
        assert_eq!(blanked.lines().count(), source.lines().count());
    }

    #[test]
    fn comments_are_blanked() {
        assert_hidden("KEEP(); // HIDE\nKEEP// HIDE\nKEEP()");
        assert_hidden("//! HIDE\nKEEP /* HIDE /* HIDE */ HIDE\n */ KEEP");
    }

    #[test]
    fn literals_are_blanked() {
        assert_hidden(r#"f("HIDE \" HIDE", KEEP)"#);
        assert_hidden("f(r#\"HIDE \" HIDE\"#, br\"HIDE\\\", KEEP)");
        assert_hidden("f('\"', KEEP, '\\'', KEEP, b'\"', KEEP)");
        assert_hidden("f(c\"HIDE\", b\"HIDE\", KEEP)");
    }

    #[test]
    fn lifetimes_and_names_open_no_literal() {
        assert_hidden("fn f<'a>(x: &'a str) -> KEEP<'a> { bar(KEEP) }");
        assert_hidden("let attr = KEEP; let ’ = \"HIDE\"; KEEP");
    }

    #[test]
    fn unit_tests_are_cut_off() {
        let source = "KEEP\n#[cfg(test)]\n#[expect(x)]\nmod tests {\n    HIDE\n}\n";
        assert_eq!(shipped_lines(source), ["KEEP"]);
    }

    #[test]
    fn a_test_only_item_does_not_end_the_code() {
        let source = "#[cfg(test)]\nmod tests;\nKEEP";
        assert_eq!(shipped_lines(source).last().unwrap(), "KEEP");
        let source = "#[cfg(test)]\nfn helper() {}\nKEEP";
        assert_eq!(shipped_lines(source).last().unwrap(), "KEEP");
    }
}
