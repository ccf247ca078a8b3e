// SPDX-License-Identifier: GPL-2.0

//! No two modules use each other, be it through others.
//!
//! What is compared are modules with the same parent, with all that is below them: then every folder
//! can be read from the bottom to the top. A child and its parent may use each other.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::{
    crates,
    finding::Finding,
    imports::{self, Import},
    tree::Tree,
};

/// For each module, those that it uses, with the first place where it does.
type Graph = BTreeMap<String, BTreeMap<String, (String, usize)>>;

/// Returns a finding for each circle of the tree's crates.
pub(crate) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for root in crates::roots(tree) {
        for graph in graphs(&imports::of(tree, root)?).values() {
            findings.extend(circles(graph).iter().map(|circle| describe(graph, circle)));
        }
    }
    Ok(findings)
}

/// Sorts the imports by the parent that both sides have in common.
fn graphs(imports: &[Import]) -> BTreeMap<Vec<String>, Graph> {
    let mut graphs: BTreeMap<Vec<String>, Graph> = BTreeMap::new();
    for Import {
        from,
        to,
        file,
        line,
        ..
    } in imports
    {
        let common = from.iter().zip(to).take_while(|(a, b)| a == b).count();
        if let (Some(user), Some(used)) = (from.get(common), to.get(common)) {
            graphs
                .entry(from[..common].to_vec())
                .or_default()
                .entry(user.clone())
                .or_default()
                .entry(used.clone())
                .or_insert_with(|| (file.clone(), *line));
        }
    }
    graphs
}

/// Returns the circles, the shortest one through each module that is on any and on none before.
fn circles(graph: &Graph) -> Vec<Vec<String>> {
    let mut circles: Vec<Vec<String>> = Vec::new();
    for start in graph.keys() {
        if circles.iter().any(|circle| circle.contains(start)) {
            continue;
        }
        circles.extend(shortest(graph, start));
    }
    circles
}

/// Returns the shortest circle from `start` back to it.
fn shortest(graph: &Graph, start: &str) -> Option<Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut ways = vec![vec![start.to_owned()]];
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in &ways {
            let Some(next) = way.last().and_then(|last| graph.get(last)) else {
                continue;
            };
            for used in next.keys() {
                if used == start {
                    return Some(way.clone());
                }
                if seen.insert(used.clone()) {
                    let mut way = way.clone();
                    way.push(used.clone());
                    longer.push(way);
                }
            }
        }
        ways = longer;
    }
    None
}

fn describe(graph: &Graph, circle: &[String]) -> Finding {
    let mut places = Vec::new();
    for (i, module) in circle.iter().enumerate() {
        let used = &circle[(i + 1) % circle.len()];
        places.push(&graph[module][used]);
    }
    let way: Vec<_> = circle
        .iter()
        .chain(circle.first())
        .map(String::as_str)
        .collect();
    let others: Vec<_> = places[1..]
        .iter()
        .map(|(file, line)| format!("{file}:{line}"))
        .collect();
    Finding {
        file: places[0].0.clone(),
        line: places[0].1,
        rule: "cycles",
        text: format!("{} (also {})", way.join(" -> "), others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circles_of(imports: &[(&str, &str)]) -> Vec<String> {
        let path = |text: &str| text.split("::").map(str::to_owned).collect::<Vec<_>>();
        let imports: Vec<_> = imports
            .iter()
            .map(|(from, to)| Import {
                from: path(from),
                to: path(to),
                item: None,
                file: "a.rs".to_owned(),
                line: 1,
            })
            .collect();
        graphs(&imports)
            .values()
            .flat_map(circles)
            .map(|circle| circle.join(" "))
            .collect()
    }

    #[test]
    fn circles_between_siblings_are_found_through_others() {
        let circles = circles_of(&[
            ("a::x", "b::y"),
            ("b::z", "c"),
            ("c", "a"),
            ("d", "a"),
            ("b::z", "b::y"),
        ]);
        assert_eq!(circles, ["a b c"]);
    }

    #[test]
    fn a_child_and_its_parent_may_use_each_other() {
        assert!(circles_of(&[("a", "a::x"), ("a::x", "a"), ("a::x", "b")]).is_empty());
    }
}
