// SPDX-License-Identifier: GPL-2.0

//! The page of a run that a person reads: what failed first, then everything, to be unfolded.

use maud::{DOCTYPE, Markup, html};

use crate::{
    ktap::{Kind, Single},
    test::{
        outcome::Verdict,
        summary::{Summary, Test},
    },
};

const STYLE: &str = "body { font-family: sans-serif; margin: 2em } table { border-collapse: collapse } \
    td, th { padding: .2em 1em .2em 0; text-align: left; vertical-align: top } \
    .fail { color: #b00 } .skip { color: #777 } .pass { color: #070 } \
    ul { margin: .2em 0 .6em }";

/// Returns the page as HTML.
pub(super) fn write(summary: &Summary) -> String {
    let failed = |test: &&Test| test.result == Verdict::Fail;
    let skips = summary.skips();

    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { "overdrive: " (summary.target) }
                style { (STYLE) }
            }
            body {
                h1 { "overdrive on " (summary.target) " (Linux " (summary.kernel) ")" }
                p {
                    (summary.passed) " passed, "
                    span .fail[summary.failed > 0] { (summary.failed) " failed" } ", "
                    (summary.skipped) " skipped, in " (format!("{:.0}", summary.seconds)) " seconds"
                }
                @for test in summary.tests.iter().filter(failed) {
                    h2 .fail { (test.machine) ":" (test.test) }
                    ul { @for reason in &test.reasons { li { (reason) } } }
                    p { "The whole log is in " a href=(test.log) { (test.log) } "." }
                }
                @if !skips.is_empty() {
                    h2 { "Skipped" }
                    ul { @for skip in &skips { li { (skip) } } }
                }
                h2 { "All tests" }
                table {
                    tr { th { "machine" } th { "test" } th { "result" } th { "seconds" } th { "results" } }
                    @for test in &summary.tests { (row(test)) }
                }
            }
        }
    }
    .into_string()
}

fn row(test: &Test) -> Markup {
    html! {
        tr {
            td { (test.machine) }
            td { a href=(test.log) { (test.test) } }
            td class=(verdict(test.result)) { (verdict(test.result)) }
            td { (format!("{:.1}", test.seconds)) }
            td {
                details {
                    summary { (test.results.len()) }
                    ul { @for single in &test.results { (result(single)) } }
                }
            }
        }
    }
}

fn result(single: &Single) -> Markup {
    let class = match single.kind {
        Kind::Pass => "pass",
        Kind::Fail => "fail",
        Kind::Skip => "skip",
    };
    html! {
        li class=(class) {
            (single.name)
            @if !single.why.is_empty() { " (" (single.why) ")" }
        }
    }
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Skip => "skip",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test::summary::tests::summary;

    #[test]
    fn names_are_escaped_in_the_page() {
        let page = write(&summary());
        assert!(page.contains("a slot &lt;is&gt; listed"));
        assert!(page.contains("no edu"));
    }
}
