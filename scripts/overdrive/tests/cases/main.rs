// SPDX-License-Identifier: GPL-2.0

//! The program on recorded machines: what it prints, and its exit status.

mod big;
mod containers;
mod images;
mod import;
mod machine;
mod manual;
mod monitor;
mod moves;
mod names;
mod saved;
mod schemas;
mod survey;
mod users;
