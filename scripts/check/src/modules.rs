// SPDX-License-Identifier: GPL-2.0

//! The modules of one crate, found as the compiler finds them.

use std::collections::BTreeMap;

use anyhow::Result;
use proc_macro2::{Delimiter, TokenTree};

use crate::{tokens, tree::Tree};

/// The names from below the crate's root to a module.
pub(crate) type ModulePath = Vec<String>;

/// One file of a module. A module has several if its `mod` depends on the configuration.
pub(crate) struct ModuleFile {
    pub(crate) path: ModulePath,
    pub(crate) file: String,
    pub(crate) tokens: Vec<TokenTree>,
}

/// All modules of a crate that have files.
pub(crate) struct Modules {
    pub(crate) files: Vec<ModuleFile>,
    index: BTreeMap<ModulePath, usize>,
}

impl Modules {
    /// Reads the crate whose root is the file `root`.
    ///
    /// # Errors
    ///
    /// If a file is no Rust.
    pub(crate) fn read(tree: &Tree, root: &str) -> Result<Self> {
        let mut modules = Self {
            files: Vec::new(),
            index: BTreeMap::new(),
        };
        let folder = parent(root).to_owned();
        modules.add(tree, Vec::new(), root, &folder)?;
        Ok(modules)
    }

    /// Returns `true` if there is such a module.
    pub(crate) fn contains(&self, path: &[String]) -> bool {
        self.index.contains_key(path)
    }

    /// Adds a file, and what is declared in it; `folder` has the files of its children.
    fn add(&mut self, tree: &Tree, path: ModulePath, file: &str, folder: &str) -> Result<()> {
        let Some(text) = tree.files.get(file) else {
            return Ok(());
        };
        let tokens = tokens::parse(file, text)?;
        for declared in declarations(&tokens) {
            let child = match &declared.place {
                // Files of another crate are checked there.
                Some(place) if place.starts_with("..") => continue,
                Some(place) => format!("{}/{place}", parent(file)),
                None => format!("{folder}/{}.rs", declared.name),
            };
            let below = format!("{folder}/{}", declared.name);
            let mut path = path.clone();
            path.push(declared.name);
            self.add(tree, path, &child, &below)?;
        }
        self.index.insert(path.clone(), self.files.len());
        self.files.push(ModuleFile {
            path,
            file: file.to_owned(),
            tokens,
        });
        Ok(())
    }
}

fn parent(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

struct Declared {
    name: String,
    /// The value of its `#[path]`.
    place: Option<String>,
}

/// Finds each `mod NAME;`.
fn declarations(tokens: &[TokenTree]) -> Vec<Declared> {
    let mut found = Vec::new();
    let mut place = None;
    for (i, token) in tokens.iter().enumerate() {
        if let Some(value) = path_attribute(tokens, i) {
            place = Some(value);
        }
        if tokens::ident(Some(token)).as_deref() == Some("mod") {
            if let (Some(name), true) = (
                tokens::ident(tokens.get(i + 1)),
                tokens::is_punct(tokens.get(i + 2), ';'),
            ) {
                let place = place.take();
                found.push(Declared { name, place });
            }
        }
        if tokens::is_punct(Some(token), ';')
            || tokens::group(Some(token), Delimiter::Brace).is_some()
        {
            place = None;
        }
    }
    found
}

/// Returns the value of a `#[path = "…"]` that begins at token `i`.
fn path_attribute(tokens: &[TokenTree], i: usize) -> Option<String> {
    if !tokens::is_punct(tokens.get(i), '#') {
        return None;
    }
    let inner = tokens::group(tokens.get(i + 1), Delimiter::Bracket)?;
    if tokens::ident(inner.first()).as_deref() != Some("path") {
        return None;
    }
    tokens::string(inner.get(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_found_by_name_and_by_path() {
        let tree = Tree::from([
            (
                "src/overdrive.rs",
                "mod a;\n#[cfg(x)]\n#[path = \"a/c_absent.rs\"]\nmod c;\n",
            ),
            (
                "src/a.rs",
                "pub mod b;\nmod tests {}\n#[path = \"../../x.rs\"]\nmod other;",
            ),
            ("src/a/b.rs", ""),
            ("src/a/c_absent.rs", ""),
        ]);
        let modules = Modules::read(&tree, "src/overdrive.rs").expect("is Rust");
        let files: Vec<_> = modules
            .files
            .iter()
            .map(|module| (module.path.join("::"), module.file.as_str()))
            .collect();
        assert_eq!(
            files,
            [
                ("a::b".to_owned(), "src/a/b.rs"),
                ("a".to_owned(), "src/a.rs"),
                ("c".to_owned(), "src/a/c_absent.rs"),
                (String::new(), "src/overdrive.rs"),
            ]
        );
    }
}
