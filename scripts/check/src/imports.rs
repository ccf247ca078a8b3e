// SPDX-License-Identifier: GPL-2.0

//! The paths by which the modules of a crate name each other.

use std::collections::HashMap;

use anyhow::Result;
use proc_macro2::{Delimiter, TokenTree};

use crate::{
    modules::{ModuleFile, ModulePath, Modules},
    tokens,
    tree::Tree,
};

/// The number of re-exports after which a name is taken for a circle.
const HOPS: usize = 10;

/// The name of modules whose paths do not count: a test may look at anything.
const TESTS: &str = "tests";

/// One place where a module names another one, or an item of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Import {
    pub(crate) from: ModulePath,
    /// The module that has the item, past all re-exports.
    pub(crate) to: ModulePath,
    /// The name of the item, unless it is the module itself.
    pub(crate) item: Option<String>,
    pub(crate) file: String,
    pub(crate) line: usize,
}

/// A path as it is written.
struct Written {
    segments: Vec<String>,
    alias: Option<String>,
    line: usize,
}

/// The paths of one file.
struct Named<'a> {
    module: &'a ModuleFile,
    /// Absolute paths, and their lines.
    paths: Vec<(ModulePath, usize)>,
}

/// Returns all imports of the crate whose root is `root`.
///
/// # Errors
///
/// If a file is no Rust.
pub(crate) fn of(tree: &Tree, root: &str) -> Result<Vec<Import>> {
    let modules = Modules::read(tree, root)?;
    let mut exports: HashMap<(ModulePath, String), ModulePath> = HashMap::new();
    let mut named = Vec::new();
    for module in &modules.files {
        let mut visitor = Visitor {
            modules: &modules,
            module,
            inline: 0,
            paths: Vec::new(),
            exports: &mut exports,
        };
        visitor.visit(&module.tokens);
        let paths = visitor.paths;
        if !module.path.iter().any(|name| name == TESTS) {
            named.push(Named { module, paths });
        }
    }
    let mut imports = Vec::new();
    for Named { module, paths } in named {
        for (path, line) in paths {
            let item = path.last().cloned();
            let to = resolve(&modules, &exports, path);
            if to != module.path {
                let item = item.filter(|item| to.last() != Some(item));
                imports.push(Import {
                    from: module.path.clone(),
                    to,
                    item,
                    file: module.file.clone(),
                    line,
                });
            }
        }
    }
    Ok(imports)
}

/// Returns the module in which the item that a path names is defined.
fn resolve(
    modules: &Modules,
    exports: &HashMap<(ModulePath, String), ModulePath>,
    mut path: ModulePath,
) -> ModulePath {
    for _ in 0..HOPS {
        let known = (0..=path.len())
            .rev()
            .find(|&len| modules.contains(&path[..len]))
            .unwrap_or(0);
        let rest = path.split_off(known);
        let Some(name) = rest.first() else {
            break;
        };
        match exports.get(&(path.clone(), name.clone())) {
            Some(target) => {
                path = target.clone();
                path.extend_from_slice(&rest[1..]);
            }
            None => break,
        }
    }
    let known = (0..=path.len())
        .rev()
        .find(|&len| modules.contains(&path[..len]))
        .unwrap_or(0);
    path.truncate(known);
    path
}

struct Visitor<'a> {
    modules: &'a Modules,
    module: &'a ModuleFile,
    /// The number of modules without a file of their own that are around.
    inline: usize,
    paths: Vec<(ModulePath, usize)>,
    exports: &'a mut HashMap<(ModulePath, String), ModulePath>,
}

impl Visitor<'_> {
    fn visit(&mut self, tokens: &[TokenTree]) {
        let mut i = 0;
        while let Some(token) = tokens.get(i) {
            match tokens::ident(Some(token)).as_deref() {
                Some("mod") => {
                    if let Some(body) = tokens::group(tokens.get(i + 2), Delimiter::Brace) {
                        if tokens::ident(tokens.get(i + 1)).as_deref() != Some(TESTS) {
                            self.inline += 1;
                            self.visit(&body);
                            self.inline -= 1;
                        }
                        i += 3;
                        continue;
                    }
                }
                Some("use") => {
                    let (written, next) = path(tokens, i + 1);
                    for path in written {
                        self.take(path, true);
                    }
                    i = next;
                    continue;
                }
                Some("crate" | "super" | "self") => {
                    let (written, next) = path(tokens, i);
                    for path in written {
                        if path.segments.len() > 1 {
                            self.take(path, false);
                        }
                    }
                    i = next;
                    continue;
                }
                _ => {
                    if let TokenTree::Group(group) = token {
                        self.visit(&group.stream().into_iter().collect::<Vec<_>>());
                    }
                }
            }
            i += 1;
        }
    }

    fn take(&mut self, written: Written, is_use: bool) {
        let Some(path) = self.absolute(&written.segments) else {
            return;
        };
        let name = written.alias.or_else(|| written.segments.last().cloned());
        if let (true, 0, Some(name)) = (is_use, self.inline, name) {
            self.exports
                .insert((self.module.path.clone(), name), path.clone());
        }
        self.paths.push((path, written.line));
    }

    /// Returns the path from the crate's root, unless it leads to another crate.
    fn absolute(&self, segments: &[String]) -> Option<ModulePath> {
        let first = segments.first()?;
        let mut path = self.module.path.clone();
        let mut rest = segments;
        match first.as_str() {
            "crate" => {
                path.clear();
                rest = &rest[1..];
            }
            "self" => rest = &rest[1..],
            "super" => {
                let mut inline = self.inline;
                while rest.first().is_some_and(|name| name == "super") {
                    rest = &rest[1..];
                    match inline {
                        0 => {
                            path.pop()?;
                        }
                        _ => inline -= 1,
                    }
                }
            }
            name => {
                path.push(name.to_owned());
                if !self.modules.contains(&path) {
                    return None;
                }
                rest = &rest[1..];
            }
        }
        // `self` at the end names the module itself.
        path.extend(rest.iter().filter(|name| *name != "self").cloned());
        Some(path)
    }
}

/// Reads a path, or a tree of paths, that begins at token `i`; returns also where it ends.
fn path(tokens: &[TokenTree], mut i: usize) -> (Vec<Written>, usize) {
    let mut segments = Vec::new();
    let mut line = tokens.get(i).map_or(0, tokens::line);
    loop {
        match tokens.get(i) {
            Some(TokenTree::Ident(ident)) => {
                segments.push(ident.to_string());
                line = tokens::line(&tokens[i]);
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let inner: Vec<_> = group.stream().into_iter().collect();
                let mut all = Vec::new();
                for part in inner.split(|token| tokens::is_punct(Some(token), ',')) {
                    if part.is_empty() {
                        continue;
                    }
                    for mut written in path(part, 0).0 {
                        written.segments.splice(0..0, segments.iter().cloned());
                        all.push(written);
                    }
                }
                return (all, i + 1);
            }
            Some(token) if tokens::is_punct(Some(token), '*') => segments.push("*".to_owned()),
            _ => break,
        }
        i += 1;
        if !tokens::is_punct(tokens.get(i), ':') || !tokens::is_punct(tokens.get(i + 1), ':') {
            break;
        }
        i += 2;
    }
    let mut alias = None;
    if tokens::ident(tokens.get(i)).as_deref() == Some("as") {
        alias = tokens::ident(tokens.get(i + 1));
        i += 2;
    }
    let written = Written {
        segments,
        alias,
        line,
    };
    (vec![written], i.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(files: &[(&str, &str)]) -> Vec<String> {
        let tree = Tree {
            files: files
                .iter()
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                .collect(),
        };
        of(&tree, "src/overdrive.rs")
            .expect("is Rust")
            .iter()
            .map(|import| {
                format!(
                    "{} {} {}",
                    import.from.join("::"),
                    import.to.join("::"),
                    import.line
                )
            })
            .collect()
    }

    #[test]
    fn every_way_to_name_a_module_counts() {
        let found = imports(&[
            ("src/overdrive.rs", "mod a; mod b; mod c;"),
            (
                "src/a.rs",
                "use crate::{b::{self, X as Y}, c::Z};\nfn f() {\n    m!(crate::b::g());\n}\n",
            ),
            (
                "src/b.rs",
                "mod inner;\nmod part { use super::super::c::Z; }\nmod tests { use crate::a; }",
            ),
            ("src/b/inner.rs", "fn f(x: super::super::c::Z) { self.x; }"),
            ("src/c.rs", "use kernel::a::b;"),
        ]);
        assert_eq!(
            found,
            ["a b 1", "a b 1", "a c 1", "a b 3", "b::inner c 1", "b c 2"]
        );
    }

    #[test]
    fn a_re_export_leads_to_where_the_item_is() {
        let found = imports(&[
            ("src/overdrive.rs", "mod a; mod b;"),
            ("src/a.rs", "use crate::b::Thing;"),
            (
                "src/b.rs",
                "mod inner;\npub(crate) use inner::Other as Thing;",
            ),
            ("src/b/inner.rs", ""),
        ]);
        assert!(found.contains(&"a b::inner 1".to_owned()), "{found:?}");
    }
}
