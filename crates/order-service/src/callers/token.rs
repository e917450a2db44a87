//! The file of the administrators' token.

use super::Meaning;
use order_core::ports::{Role, Roles};
use std::fmt;
use subtle::ConstantTimeEq;

/// Fewer bytes could be guessed.
const MIN_TOKEN_BYTES: usize = 16;

/// More do not fit into a request's head.
const MAX_TOKEN_BYTES: usize = 4_096;

/// Whoever bears it may administer.
pub(super) struct Token(Vec<u8>);

impl Token {
    /// What whoever bears `token` may do. Takes as long wherever the two differ, so that time tells nothing
    /// of how much of a guess is right; it may tell the length.
    pub(super) fn roles(&self, token: &[u8]) -> Roles {
        if self.0.ct_eq(token).into() {
            Roles::NONE.with(Role::Admin)
        } else {
            Roles::NONE
        }
    }
}

impl Meaning for Token {
    /// Editors and `kubectl create secret` leave a line's end behind, so white space around is no part.
    fn read(text: &str) -> Result<Token, String> {
        let token = text.trim();
        if !(MIN_TOKEN_BYTES..=MAX_TOKEN_BYTES).contains(&token.len()) {
            return Err(format!(
                "a token has {MIN_TOKEN_BYTES} to {MAX_TOKEN_BYTES} characters, this one has {}; make one by \
                 `openssl rand -hex 32`",
                token.len()
            ));
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(
                "a token is one word of visible ASCII; make one by `openssl rand -hex 32`"
                    .to_owned(),
            );
        }
        Ok(Token(token.as_bytes().to_vec()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_and_no_other_lets_administer() {
        let token = Token::read("  0123456789abcdef\r\n").unwrap();
        assert!(token.roles(b"0123456789abcdef").has(Role::Admin));
        for wrong in [
            &b""[..],
            b"0123456789abcde",
            b"0123456789abcdef0",
            b"1123456789abcdef",
            b"0123456789abcdeF",
            b"0123456789abcdef\n",
        ] {
            assert_eq!(token.roles(wrong), Roles::NONE, "{wrong:?}");
        }
        assert!(!format!("{token:?}").contains("0123"));
    }

    #[test]
    fn what_is_no_token_says_what_one_is() {
        for text in [
            "",
            "0123456789abcde\n",
            "0123456789 abcdef",
            &"x".repeat(5_000),
        ] {
            let reason = Token::read(text).unwrap_err();
            assert!(reason.contains("openssl rand"), "{reason}");
            assert!(!reason.contains("0123"), "{reason}");
        }
    }
}
