// SPDX-License-Identifier: GPL-2.0

//! Rust source as tokens: macros hide nothing from them.

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Parses the text of `file`.
///
/// # Errors
///
/// If it is no Rust.
pub(crate) fn parse(file: &str, text: &str) -> Result<Vec<TokenTree>> {
    let stream: TokenStream = text
        .parse()
        .map_err(|error| anyhow!("{file}: not Rust: {error}"))?;
    Ok(stream.into_iter().collect())
}

/// Returns the line, counted from 1, in which the token begins.
pub(crate) fn line(token: &TokenTree) -> usize {
    token.span().start().line
}

/// Returns the identifier that the token is, if it is one.
pub(crate) fn ident(token: Option<&TokenTree>) -> Option<String> {
    match token {
        Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
        _ => None,
    }
}

/// Returns the lines in which the identifier stands, inside of groups as well.
pub(crate) fn lines_of(name: &str, tokens: impl IntoIterator<Item = TokenTree>) -> Vec<usize> {
    tokens
        .into_iter()
        .flat_map(|token| match &token {
            TokenTree::Group(group) => lines_of(name, group.stream()),
            TokenTree::Ident(ident) if ident == name => vec![line(&token)],
            _ => Vec::new(),
        })
        .collect()
}

/// Returns `true` if the token is this punctuation character.
pub(crate) fn is_punct(token: Option<&TokenTree>, c: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == c)
}

/// Returns the tokens between such delimiters, if the token is a group of that kind.
pub(crate) fn group(token: Option<&TokenTree>, delimiter: Delimiter) -> Option<Vec<TokenTree>> {
    match token {
        Some(TokenTree::Group(group)) if group.delimiter() == delimiter => {
            Some(group.stream().into_iter().collect())
        }
        _ => None,
    }
}

/// Returns the text of a string literal, as it is written, if the token is one.
pub(crate) fn string(token: Option<&TokenTree>) -> Option<String> {
    let Some(TokenTree::Literal(literal)) = token else {
        return None;
    };
    let text = literal.to_string();
    Some(text.strip_prefix('"')?.strip_suffix('"')?.to_owned())
}
