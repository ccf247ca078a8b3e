// SPDX-License-Identifier: GPL-2.0

//! The figures as a picture: how many times the peer's instructions ours takes.

use std::path::Path;

use anyhow::{Context, Result};
use plotters::prelude::*;

use super::figure::Figure;

const WIDTH: u32 = 900;
const HEAD: u32 = 110;
const ROW: u32 = 44;

/// Thickness of a bar and length of a limit's mark, in parts of a row.
const BAR: f64 = 0.3;
const MARK: f64 = 0.42;

const WITHIN: RGBColor = RGBColor(0x3b, 0x75, 0xaf);
const OVER: RGBColor = RGBColor(0xc0, 0x3d, 0x3e);

/// Draws one bar for every figure, with a mark at its limit.
pub(super) fn draw(path: &Path, figures: &[Figure]) -> Result<()> {
    plot(path, figures).with_context(|| format!("cannot draw {}", path.display()))
}

fn plot(path: &Path, figures: &[Figure]) -> Result<()> {
    let rows = u32::try_from(figures.len()).context("too many figures")?;
    let widest = figures
        .iter()
        .flat_map(|figure| [figure.ratio, figure.limit_ratio()])
        .fold(1.0, f64::max);
    let root = SVGBackend::new(path, (WIDTH, HEAD + rows * ROW)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(
            "overdrive: instructions, in multiples of the peer's",
            ("sans-serif", 20),
        )
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(0)
        .build_cartesian_2d(0.0..widest * 1.15, f64::from(rows)..0.0)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .x_desc("ratio (mark: limit)")
        .draw()?;
    for (row, figure) in (0..rows).map(f64::from).zip(figures) {
        let middle = row + 0.6;
        let color = if figure.is_over() { OVER } else { WITHIN };
        chart.draw_series([Rectangle::new(
            [
                (0.0, middle - BAR / 2.0),
                (figure.ratio, middle + BAR / 2.0),
            ],
            color.filled(),
        )])?;
        chart.draw_series([PathElement::new(
            [
                (figure.limit_ratio(), middle - MARK / 2.0),
                (figure.limit_ratio(), middle + MARK / 2.0),
            ],
            BLACK.stroke_width(2),
        )])?;
        let text = format!(
            "{}: {:.2} ({} / {})",
            figure.name, figure.ratio, figure.ours.median, figure.peer.median
        );
        chart.draw_series([Text::new(text, (0.0, row + 0.12), ("sans-serif", 14))])?;
    }
    root.present()?;
    Ok(())
}
