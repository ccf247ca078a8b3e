// SPDX-License-Identifier: GPL-2.0

//! Adds devices to the device tree that QEMU makes for a machine.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, anyhow, bail};
use device_tree::DeviceTree;
use vm_fdt::FdtWriter;

/// A device below the root of the tree.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) name: &'static str,
    pub(crate) properties: &'static [(&'static str, Value)],
}

/// The value of a property.
#[derive(Debug)]
pub(crate) enum Value {
    Text(&'static str),
    Cells(&'static [u32]),
}

impl Value {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Value::Text(text) => [text.as_bytes(), b"\0"].concat(),
            Value::Cells(cells) => cells.iter().flat_map(|cell| cell.to_be_bytes()).collect(),
        }
    }
}

/// Has `qemu` write the tree of the machine that it was told of, and adds `nodes` to it.
///
/// Returns the file, which is in `dir`.
pub(crate) fn write(mut qemu: Command, nodes: &[Node], dir: &Path) -> Result<PathBuf> {
    let file = dir.join("device-tree");
    let output = qemu
        .arg("-machine")
        .arg(format!("dumpdtb={}", file.display()))
        .stdin(Stdio::null())
        .output()
        .context("cannot start QEMU")?;
    if !output.status.success() {
        bail!(
            "QEMU writes no device tree: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
    }
    let own = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    fs::write(&file, with(&own, nodes)?)
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

fn with(tree: &[u8], nodes: &[Node]) -> Result<Vec<u8>> {
    let tree = DeviceTree::load(tree)
        .map_err(|error| anyhow!("QEMU's device tree cannot be read: {error:?}"))?;
    let mut to = FdtWriter::new().context("cannot begin a device tree")?;
    let root = to.begin_node("").context("cannot begin a device tree")?;
    copy_contents(&tree.root, &mut to)?;
    for node in nodes {
        add(node, &mut to).with_context(|| format!("cannot add {}", node.name))?;
    }
    to.end_node(root)
        .and_then(|()| to.finish())
        .context("cannot end the device tree")
}

fn add(node: &Node, to: &mut FdtWriter) -> vm_fdt::FdtWriterResult<()> {
    let open = to.begin_node(node.name)?;
    for (name, value) in node.properties {
        to.property(name, &value.bytes())?;
    }
    to.end_node(open)
}

fn copy_contents(from: &device_tree::Node, to: &mut FdtWriter) -> Result<()> {
    for (name, value) in &from.props {
        to.property(name, value)
            .with_context(|| format!("cannot copy the property {name}"))?;
    }
    for child in &from.children {
        let open = to
            .begin_node(&child.name)
            .with_context(|| format!("cannot copy the node {}", child.name))?;
        copy_contents(child, to)?;
        to.end_node(open).context("cannot end a node")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_added() {
        let mut own = FdtWriter::new().expect("begins");
        let root = own.begin_node("").expect("begins");
        own.property_string("model", "linux,dummy-virt")
            .expect("adds");
        let cpus = own.begin_node("cpus").expect("begins");
        own.end_node(cpus).expect("ends");
        own.end_node(root).expect("ends");
        let node = Node {
            name: "ethernet@fff51000",
            properties: &[
                ("compatible", Value::Text("calxeda,hb-xgmac")),
                ("reg", Value::Cells(&[0, 0xfff5_1000])),
            ],
        };
        let bytes = with(&own.finish().expect("ends"), &[node]).expect("adds");

        let tree = DeviceTree::load(&bytes).expect("loads");
        let text =
            |node: &device_tree::Node, name| node.prop_str(name).expect("is there").to_owned();
        assert_eq!(text(&tree.root, "model"), "linux,dummy-virt");
        assert!(tree.find("/cpus").is_some());
        let node = tree.find("/ethernet@fff51000").expect("is there");
        assert_eq!(text(node, "compatible"), "calxeda,hb-xgmac");
        assert_eq!(
            node.prop_raw("reg").expect("is there")[..],
            [0, 0, 0, 0, 0xff, 0xf5, 0x10, 0]
        );
    }
}
